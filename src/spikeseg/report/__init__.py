"""The report: one self-contained page, ``report.html``, made from a run folder.

It needs no network and no torch: whoever has the run folder can make it, and whoever has the page
can read it, in any browser, on a phone, or printed.
"""

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from spikeseg.files import write_text
from spikeseg.report import words
from spikeseg.report.page import page
from spikeseg.report.reading import read_run

__all__ = ["write_report"]

_WORDS = ("amount", "difference", "duration", "percent", "plain", "plural", "score", "stage_label")


def write_report(run: Path) -> Path:
    """Write ``report.html`` into a run folder, atomically, and return its path.

    The same run folder gives the same page, byte by byte.

    Raises:
        RunFolderError: a file or a stage is missing; names the command that makes it.
        CorruptFileError: a file is cut short or damaged.
        FormatVersionError: a file of another version.
    """
    results = read_run(run)
    environment = Environment(
        loader=PackageLoader("spikeseg.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {name: getattr(words, name) for name in _WORDS}
    path = Path(run) / "report.html"
    write_text(path, environment.get_template("report.html").render(page(results)))
    return path
