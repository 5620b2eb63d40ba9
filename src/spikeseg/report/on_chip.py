"""The chip in the report: what is said of it, in sentences, a table and a picture."""

from spikeseg.chips import load_chip
from spikeseg.report.chip_results import Chip
from spikeseg.report.core_use import ALWAYS, LABELS, core_use_picture
from spikeseg.report.results import Stage
from spikeseg.report.words import amount, percent, plain, plural, score


def chip_section(chip: Chip | None) -> dict[str, object] | None:
    """Return what the template prints of the chip, or None without one."""
    if chip is None:
        return None
    spec = load_chip(chip.name)
    return {
        "facts": chip,
        "resources": {name: LABELS[name] for name in ALWAYS},
        "limits": {name: getattr(spec, name) for name in ALWAYS},
        "picture": core_use_picture(chip.uses, spec),
        "sentence": _cores_sentence(chip),
        "warning": _warning(chip),
    }


def chip_verdict(ann: Stage, stage: Stage, chip: Chip) -> str:
    """Say how far the emulated chip is from the ANN, and what that takes."""
    gap = stage.score("miou") - ann.score("miou")
    where = f"{abs(gap):.3f} {'above' if gap > 0 else 'below'}" if abs(gap) >= 5e-4 else "equal to"
    return (
        f"On the chip, emulated with 8-bit weights, its mIoU is {score(stage.score('miou'), 3)}, "
        f"{where} the ANN's, at {plural(stage.num_steps, 'time step')} on "
        f"{plural(chip.num_cores, 'core')}."
    )


def chip_work_sentence(ann: Stage, stage: Stage, chip: Chip) -> str:
    """Say how many operations the chip does, and for whose spikes."""
    ratio = f"{stage.operations / ann.operations:.3g} times" if ann.operations else "some"
    return (
        f"The chip does {amount(stage.operations)} {stage.operation}s, {ratio} the ANN's, "
        f"including those for the {amount(chip.input_spikes)} spikes that the host sends for an "
        "image."
    )


def _cores_sentence(chip: Chip) -> str:
    """Say how many cores it takes, why, and what is fullest."""
    layer = max(chip.layers, key=lambda one: max(one.largest.values(), default=0.0))
    share = percent(layer.largest[layer.fullest])
    more = f"{plural(chip.num_cores - chip.least_cores, 'core')} more than"
    why = "as few as" if chip.num_cores == chip.least_cores else more
    return (
        f"{amount(chip.num_neurons)} neurons take {plural(chip.num_cores, 'core')}, {why} their "
        f"number alone would need, on {plural(chip.num_chips, 'chip')} of "
        f"{plain(chip.cores_per_chip)} cores. The fullest core uses {share} of its "
        f"{LABELS[layer.fullest]} ({layer.name})."
    )


def _warning(chip: Chip) -> str:
    """Say what makes the figures doubtful, or nothing."""
    found = [f"the {kind} overflowed {n:,} times" for kind, n in chip.overflows.items() if n]
    if chip.output_spikes:
        found.append(f"the output fired {chip.output_spikes:,} times, which resets what is read")
    return f"On the test images {' and '.join(found)}." if found else ""
