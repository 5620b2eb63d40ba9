"""The reader of ``history.csv``."""

from pathlib import Path

from spikeseg.errors import CorruptFileError
from spikeseg.report.records import read_columns

HISTORY = (
    *("step", "epoch", "loss", "cross_entropy", "dice_loss", "rate_loss"),
    *("under_band", "in_band", "over_band", "learning_rate", "data_share"),
)
"""The columns that there must be."""


def read_history(path: Path) -> dict[str, tuple[float, ...]]:
    """Read the curves of a training, by column.

    Raises:
        CorruptFileError: the file is damaged, or lacks a column.
    """
    columns = read_columns(path)
    missing = [name for name in HISTORY if name not in columns]
    if missing:
        raise CorruptFileError(
            f"{path} lacks the columns {', '.join(missing)}; it must have {', '.join(HISTORY)}. "
            "Run `spikeseg train` again."
        )
    return columns
