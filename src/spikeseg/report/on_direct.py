"""The network that was trained through its spikes: a sentence, how it was trained, its work."""

from spikeseg.report.results import CurvePoint, Direct, RunResults
from spikeseg.report.tables import Cell, Row, Table
from spikeseg.report.verdict import SMALL
from spikeseg.report.words import amount, plain, plural, score

NEURONS = {
    "lif": "leaky integrate-and-fire",
    "plif": "leaky integrate-and-fire, trained leak",
    "ilif": "leaky integrate-and-fire, integers in training",
    "alif": "leaky integrate-and-fire, adaptive threshold",
}
NORMS = {
    "batch": "over time and batch",
    "threshold": "over time and batch, scaled by the threshold (tdBN)",
    "bntt": "one for each step (BNTT)",
    "none": "none",
}
CODINGS = {
    "direct": "the image, as a constant current",
    "poisson": "signed random spikes",
    "steps": "events, step by step",
}
RESETS = {"soft": "by subtraction", "hard": "to zero"}


def direct_section(results: RunResults, direct: Direct) -> dict[str, object]:
    """Return what the template prints of the network that was trained through its spikes."""
    return {
        "sentence": " ".join(direct_verdict(results)),
        "table": settings_table(direct),
        "seconds": _seconds(results),
    }


def direct_verdict(results: RunResults) -> tuple[str, ...]:
    """Say how far it is from the ANN, and from the converted network after equally many steps."""
    if results.direct is None:
        return ()
    stage, ann = results.stage("direct"), results.stage("ann")
    miou = stage.score("miou")
    return (
        f"Trained through its spikes, the same network reaches mIoU {score(miou, 3)} at "
        f"{plural(stage.num_steps, 'time step')} with {plain(stage.spikes_per_neuron)} spikes per "
        f"neuron and image: {_beside(miou - ann.score('miou'))} the ANN"
        f"{_at_equal_steps(results, results.direct)}.",
    )


def _at_equal_steps(results: RunResults, direct: Direct) -> str:
    """Compare with the conversion at the most steps that both have."""
    converted = {point.num_steps: point for point in results.curve}
    shared = [point for point in direct.curve if point.num_steps in converted]
    if not shared:
        return ""
    trained: CurvePoint = shared[-1]
    other = converted[trained.num_steps].miou
    beside = f"{_beside(trained.miou - other)} the converted network"
    if trained is direct.curve[-1]:
        return f", and {beside} after as many steps ({score(other, 3)})"
    steps = plural(trained.num_steps, "step")
    return f"; after {steps}, {beside} ({score(trained.miou, 3)} against {score(other, 3)})"


def _beside(gap: float) -> str:
    if abs(gap) < SMALL:
        return "equal to"
    return f"{abs(gap):.3f} {'above' if gap > 0 else 'below'}"


def direct_work_sentence(results: RunResults) -> tuple[str, ...]:
    """Say how many operations it does, beside those of the ANN and of the conversion."""
    if results.direct is None:
        return ()
    stage, ann, snn = (results.stage(key) for key in ("direct", "ann", "snn"))
    ratios = [
        f"{stage.operations / other.operations:.3g} times {whose}"
        for other, whose in ((ann, "the ANN's"), (snn, "those of the converted network"))
        if other.operations
    ]
    beside = f", {' and '.join(ratios)}" if ratios else ""
    return (
        f"The network trained through its spikes does {amount(stage.operations)} "
        f"{stage.operation}s{beside}.",
    )


def settings_table(direct: Direct) -> Table:
    """Put how it was trained into rows: each with the setting's name."""
    spiking, training = direct.network.record("spiking"), direct.training
    text, number = spiking.text, spiking.number
    steps = plural(spiking.whole("num_steps"), "step")
    gradient = "of each step by itself (online)" if training.flag("online") else "through all steps"
    late = ", spikes arrive a step late" if spiking.flag("delay") else ""
    decay = f"{plain(number('decay'))}{', trained from there' if text('neuron') == 'plif' else ''}"
    rows = [
        ("neuron", "Neurons", NEURONS.get(text("neuron"), text("neuron"))),
        ("num_steps", "Time", f"{steps}{late}"),
        ("decay", "Share of the potential that a step leaves", decay),
        ("reset", "Reset after a spike", RESETS.get(text("reset"), text("reset"))),
        ("surrogate", "Derivative of a spike", text("surrogate").replace("_", " ")),
        ("norm", "Norm", NORMS.get(text("norm"), text("norm"))),
        ("coding", "Input", CODINGS.get(text("coding"), text("coding"))),
        ("online", "Gradient", gradient),
    ]  # fmt: skip
    return Table(
        ("",), tuple(Row(f"direct-{key}", name, key, (Cell(value),)) for key, name, value in rows)
    )


def _seconds(results: RunResults) -> float | None:
    seconds = results.metrics.optional_record("seconds")
    return seconds.optional("train_direct") if seconds else None
