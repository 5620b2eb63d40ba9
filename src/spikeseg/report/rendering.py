"""Filling in a template of the report."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from spikeseg.report import words

_WORDS = ("amount", "difference", "duration", "percent", "plain", "plural", "score", "stage_label")


def render(template: str, content: dict[str, Any]) -> str:
    """Return the text of a template of this package with ``content`` filled in."""
    environment = Environment(
        loader=PackageLoader("spikeseg.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {name: getattr(words, name) for name in _WORDS}
    return environment.get_template(template).render(content)
