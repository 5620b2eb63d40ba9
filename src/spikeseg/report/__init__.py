"""The report: one self-contained page, ``report.html``, made from a run folder; and the diagnosis.

It needs no network and no torch: whoever has the run folder can make it, and whoever has the page
can read it, in any browser, on a phone, or printed.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spikeseg.errors import RunFolderError
from spikeseg.files import write_text
from spikeseg.report.core_use import core_use_picture
from spikeseg.report.diagnosis import diagnosis_page
from spikeseg.report.page import page
from spikeseg.report.reading import read_run
from spikeseg.report.records import read_record
from spikeseg.report.rendering import render

__all__ = ["core_use_picture", "write_diagnosis", "write_report"]


def write_report(run: Path, beside: Sequence[Path] = ()) -> Path:
    """Write ``report.html`` into a run folder, atomically, and return its path.

    The same run folders give the same page, byte by byte.

    Args:
        run: the folder.
        beside: folders of other runs, of which energy against accuracy is shown too.

    Raises:
        RunFolderError: a file or a stage is missing; names the command that makes it. Or a run
            beside has no ``energy.json``, or one of other images.
        CorruptFileError: a file is cut short or damaged.
        FormatVersionError: a file of another version.
    """
    results = read_run(run, beside)
    return _write(Path(run) / "report.html", page(results))


def write_diagnosis(run: Path) -> Path:
    """Write ``diagnosis.html`` from a run's ``diagnosis.json``, atomically, and return its path.

    Raises:
        RunFolderError: there is no ``diagnosis.json``.
        CorruptFileError: it is cut short or damaged.
        FormatVersionError: it is of another version.
    """
    source = Path(run) / "diagnosis.json"
    if not source.is_file():
        raise RunFolderError(f"{run} lacks diagnosis.json; run `spikeseg diagnose {run}`.")
    return _write(Path(run) / "diagnosis.html", diagnosis_page(read_record(source)))


def _write(path: Path, content: dict[str, Any]) -> Path:
    """Write a page from the template of its name."""
    write_text(path, render(path.name, content))
    return path
