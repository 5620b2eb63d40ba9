"""What the numbers say, in sentences; they state losses as plainly as gains."""

from collections.abc import Sequence

from spikeseg.report.results import Baseline, CurvePoint, RunResults, Stage
from spikeseg.report.tables import band_share
from spikeseg.report.words import amount, difference, percent, plain, plural, score

SMALL, LARGE = 0.0005, 0.02
"""mIoU differences under ``SMALL`` are called none; from ``LARGE`` on, a clear loss."""


def verdict(results: RunResults) -> str:
    """Return the sentence under the title.

    It says how far the spiking network is from its ANN in mIoU, and what that takes.
    """
    ann, snn = results.stage("ann"), results.stage("snn")
    early = f", {snn.mean_steps_used:.1f} on average," if _exits_early(snn) else ""
    return (
        f"At {'most ' if early else ''}{plural(snn.num_steps, 'time step')}{early} the spiking "
        f"network {_compared(ann, snn)}, "
        f"with {plain(snn.spikes_per_neuron)} spikes per neuron and image."
    )


def _exits_early(snn: Stage) -> bool:
    return snn.mean_steps_used != snn.num_steps


def _compared(ann: Stage, snn: Stage) -> str:
    gap = snn.score("miou") - ann.score("miou")
    both = f"({score(snn.score('miou'), 3)} against {score(ann.score('miou'), 3)})"
    if abs(gap) < SMALL:
        return f"matches the mIoU of its ANN {both}"
    size = f"{abs(gap):.3f} mIoU"
    if gap > 0:
        return f"is {size} above its ANN {both}"
    if gap <= -LARGE:
        return f"clearly loses against its ANN: {size} lower {both}"
    return f"is {size} below its ANN {both}"


def curve_sentence(curve: Sequence[CurvePoint], ann_miou: float) -> str:
    """Say after how many steps the spiking network stays within 0.01 mIoU of the ANN."""
    if not curve:
        return "This run has not recorded the accuracy after each number of steps."
    far = [index for index, point in enumerate(curve) if point.miou < ann_miou - 0.01]
    start = far[-1] + 1 if far else 0
    if start == len(curve):
        gap = difference(curve[-1].miou - ann_miou, 3)
        return (
            f"After {plural(curve[-1].num_steps, 'step')} it is still {gap} mIoU from the ANN; "
            "more steps or other thresholds may help."
        )
    steps = plural(curve[start].num_steps, "step")
    return f"From {steps} on it stays within 0.01 mIoU of the ANN or above it."


def regularizer_sentence(results: RunResults, baseline: Baseline) -> str:
    """Say what the firing-rate regularizer does to the rates and what it costs in mIoU."""
    gaps = [
        results.stage(key).score("miou")
        - next(stage for stage in baseline.stages if stage.key == key).score("miou")
        for key in ("ann", "snn")
    ]
    before, after = (band_share(run, 1) for run in (baseline.layers, results.layers))
    return (
        f"With the regularizer, {percent(after)} of the neurons are in the band instead of "
        f"{percent(before)}; the mIoU changes by {difference(gaps[0], 3)} (ANN) and "
        f"{difference(gaps[1], 3)} (spiking)."
    )


def work_sentence(ann: Stage, snn: Stage) -> str:
    """Say that operations are counts, of what, and how the two compare."""
    ratio = f"{snn.operations / ann.operations:.3g} times as many" if ann.operations else "some"
    return (
        f"The spiking network does {ratio} synaptic operations as the ANN "
        f"({amount(snn.operations)} {snn.operation}s against {amount(ann.operations)} "
        f"{ann.operation}s). These are counts, not energy: a multiply-accumulate (MAC) and an "
        "accumulate (AC) cost different amounts, and moving data often costs more than either."
    )
