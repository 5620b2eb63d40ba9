"""The reader of a run's ``direct`` folder: of the network and the images of the scores."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spikeseg.errors import CorruptFileError, RunFolderError
from spikeseg.report.history import read_history
from spikeseg.report.records import Record, read_arrays, read_record
from spikeseg.report.results import CurvePoint, Direct, Examples

FILES = ("config.json", "history.csv", "metrics.json", "evaluation.npz")
"""What the report needs of the network that was trained through its spikes."""


def read_direct(
    run: Path, stage: Record, curve: tuple[CurvePoint, ...], examples: Examples
) -> Direct:
    """Read what the report shows of the network that was trained through its spikes.

    Args:
        run: the run folder, which holds a folder ``direct``.
        stage: ``stages.direct`` of ``metrics.json``.
        curve: ``direct_curve`` of ``metrics.json``.
        examples: the images to which the masks belong.

    Raises:
        RunFolderError: a file is missing, or of another network or other images.
        CorruptFileError: a file is cut short or damaged.
        FormatVersionError: a file of another version.
    """
    folder = run / "direct"
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise RunFolderError(
            f"{folder} lacks {', '.join(missing)}, and {stage.path} has its scores; restore the "
            f"folder, or leave it out with `spikeseg evaluate {run}`."
        )
    if read_record(folder / "metrics.json").text("made_from") != stage.text("made_from"):
        raise RunFolderError(
            f"{folder} is of another network than the scores of stage 'direct' in {stage.path}; "
            f"run `spikeseg evaluate {run}`."
        )
    settings = read_record(folder / "config.json").record("config")
    if not curve:
        raise CorruptFileError(
            f"{stage.path} has the stage 'direct' and no direct_curve; run `spikeseg evaluate "
            f"{run}`."
        )
    return Direct(
        curve=curve,
        masks=_masks(folder, examples),
        network=settings.record("network"),
        training=settings.record("training"),
        history=read_history(folder / "history.csv"),
    )


def _masks(folder: Path, examples: Examples) -> NDArray[np.uint8]:
    path = folder / "evaluation.npz"
    arrays = read_arrays(path, ("names", "masks", "snn"))
    names = tuple(str(name) for name in arrays["names"])
    found = arrays["snn"]
    is_same = names == examples.names and np.array_equal(arrays["masks"], examples.masks)
    if not is_same or found.shape != examples.snn.shape or found.dtype != np.uint8:
        raise RunFolderError(
            f"{path} is of {', '.join(names)}, {found.dtype} of shape {found.shape}; the "
            f"evaluation.npz beside {folder.name} is of {', '.join(examples.names)}, uint8 of "
            f"shape {examples.snn.shape}. Run `spikeseg evaluate` on {folder} and on "
            f"{folder.parent}."
        )
    return found
