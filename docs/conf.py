"""Sphinx: Markdown pages by MyST, the reference from the docstrings; no network is needed."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from spikeseg._version import __version__  # noqa: E402

project = "spikeseg"
author = "The spikeseg authors"
copyright = "2026, the spikeseg authors; Apache-2.0"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
myst_heading_anchors = 3
default_role = "py:obj"

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = f"spikeseg {__version__}"
html_show_sourcelink = False


def _fences_to_blocks(app, what, name, obj, options, lines):
    """Turn the Markdown fences of docstrings into literal blocks."""
    shown, is_inside, margin = [], False, ""
    for line in lines:
        if line.lstrip().startswith("```"):
            margin = line[: len(line) - len(line.lstrip())]
            shown += [""] if is_inside else ["", f"{margin}::", ""]
            is_inside = not is_inside
        else:
            shown.append(f"{margin}   {line[len(margin) :]}" if is_inside else line)
    lines[:] = shown


def _skip_aliases(app, what, name, obj, skip, options):
    """Leave out what a NamedTuple says of its fields; its own docstring says more."""
    is_alias = (getattr(obj, "__doc__", None) or "").startswith("Alias for field number")
    return True if is_alias else None


def setup(app):
    app.connect("autodoc-process-docstring", _fences_to_blocks)
    app.connect("autodoc-skip-member", _skip_aliases)
