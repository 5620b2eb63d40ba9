"""``ledger.csv``: one row for each core."""

import csv
import io
from pathlib import Path

from spikeseg.energy.ledger import COUNTS, Ledger
from spikeseg.files import write_text

COLUMNS = ("layer", "core", "chip", *COUNTS)


def write_ledger_csv(ledger: Ledger, file: Path) -> None:
    """Write one row for each core: layer, core, chip, and every count of all images."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    counts = zip(*(getattr(ledger, name).tolist() for name in COUNTS), strict=True)
    places = zip(ledger.layers, range(len(ledger.layers)), ledger.chips.tolist(), strict=True)
    writer.writerows((*place, *row) for place, row in zip(places, counts, strict=True))
    write_text(file, text.getvalue())
