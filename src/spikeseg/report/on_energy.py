"""Energy in the report: verdicts, a table, bars, the map of chips, energy against accuracy."""

from collections.abc import Mapping

from spikeseg.chips import load_chip
from spikeseg.report.chip_map import LINES, chip_map_picture
from spikeseg.report.energy_bands import bands_sentence, steps_sentence
from spikeseg.report.energy_bars import energy_bars
from spikeseg.report.energy_curve import curve_section
from spikeseg.report.energy_results import Energy
from spikeseg.report.energy_table import account_table
from spikeseg.report.energy_words import (
    energy_verdict,
    host_sentence,
    map_sentence,
    overlap_changes,
    overlap_sentence,
    subject_sentence,
    unpriced_sentence,
)


def energy_section(energy: Energy | None, chip: str | None) -> Mapping[str, object] | None:
    """Return what the template prints of energy, or None without ``energy.json``.

    Args:
        energy: what the run holds of it.
        chip: the name of the chip that it was counted on.
    """
    if energy is None or chip is None:
        return None
    return {
        "facts": energy,
        "verdict": energy_verdict(energy),
        "subject": subject_sentence(energy),
        "overlap": overlap_sentence(energy),
        "changes": overlap_changes(energy),
        "host": host_sentence(energy),
        "table": account_table(energy),
        "bars": energy_bars(energy),
        "left_out": [
            (name, sentences, _unpriced(energy, name))
            for name, sentences in energy.leaves_out.items()
        ],
        "map": _map(energy, chip),
        "curve": curve_section(energy),
        "steps": steps_sentence(energy.curve),
        "bands": bands_sentence((energy.curve, *energy.beside)),
    }


def _unpriced(energy: Energy, table: str) -> str:
    found = [unpriced_sentence(account) for account in energy.accounts if account.name == table]
    return " ".join(found)


def _map(energy: Energy, chip: str) -> dict[str, object]:
    """Return the picture where the cores are known, and the matrix where it is small."""
    found = energy.chip_map
    return {
        "sentence": map_sentence(energy),
        "picture": chip_map_picture(found, load_chip(chip)) if found.cores else "",
        "drawn": min(LINES, len(found.pairs)),
        "between": found.between if found.cores and len(found.between) > 2 else (),
    }
