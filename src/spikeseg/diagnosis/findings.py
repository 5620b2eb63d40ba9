"""What to change, in words: rules over a diagnosis, with thresholds that say why."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from spikeseg.config import ConversionConfig, EvaluationConfig
from spikeseg.diagnosis import advice
from spikeseg.diagnosis.advice import Setting
from spikeseg.diagnosis.results import Diagnosis, LayerDiagnosis

NOTICEABLE_ERROR = 0.1
"""A relative error below it is called fine. Masks are the largest of sums over many neurons, and
errors of a tenth, partly independent, rarely change which sum is the largest."""
LEADING_SHARE = 0.4
"""A part leads a layer's own error from this share of its squares on: removing it then takes off
at least a fifth of the error, and of the three own parts at most two can lead."""
SATURATED_SHARE = 0.05
"""From this share of saturated neurons on they are a finding by themselves. A 99th percentile
leaves 1 % above the threshold, and what lies just below it also fires in every step."""
DEAD_SHARE = 0.05
"""From this share of dead neurons on: one in twenty says nothing although it should."""
LATE_SHARE = 0.25
"""A layer is late if after this share of the steps not even 1 % of its firing neurons have begun:
a quarter of the time it tells the next layers nothing."""
COARSE_SHARE = 0.5
"""From this share of active neurons below one spike's worth on: most of what the layer says is
none or one spike."""
SHIFTED_MEAN, SHIFTED_HIGH = 1.5, 1.25
"""Ratios of test to calibration, either way. Thresholds sit near the 99th percentile, so that one
moving by a quarter already moves them by as much; means vary more between images."""


@dataclass(frozen=True)
class Finding:
    """Something to change, or that nothing needs to be.

    Attributes:
        kind: which rule found it.
        layers: where, worst first; empty if it is not about single layers.
        figure: of the worst layer, or of the network; what it is stands in ``found``.
        found: what was found, in a sentence.
        change: what to change, in a sentence.
    """

    kind: str
    layers: tuple[str, ...]
    figure: float
    found: str
    change: str


def find(
    diagnosis: Diagnosis, conversion: ConversionConfig, evaluation: EvaluationConfig
) -> tuple[Finding, ...]:
    """Return what to change, causes before what follows from them; never nothing.

    Args:
        diagnosis: of a run.
        conversion: its settings, so that nothing is advised that is done already.
        evaluation: the same.
    """
    setting = Setting(conversion, evaluation.readout, diagnosis.num_steps)
    found = [finding for rule in _RULES for finding in rule(diagnosis, setting)]
    if not found:
        worst = max(diagnosis.layers, key=lambda layer: layer.relative_error)
        found = [
            Finding(
                "fine",
                (worst.name,),
                worst.relative_error,
                f"The largest relative error of a layer is {worst.relative_error:.1%} "
                f"({worst.name}), and no layer is dead, late or shifted.",
                advice.fine(setting),
            )
        ]
    return tuple(found)


def _ranked(
    layers: Sequence[LayerDiagnosis], figure: Callable[[LayerDiagnosis], float], least: float
) -> list[tuple[LayerDiagnosis, float]]:
    """Return the layers in which a figure reaches ``least``, worst first."""
    pairs = [(layer, figure(layer)) for layer in layers]
    return sorted((p for p in pairs if p[1] >= least), key=lambda pair: -pair[1])


def _finding(
    kind: str, ranked: list[tuple[LayerDiagnosis, float]], total: int, text: str, change: str
) -> list[Finding]:
    """Return one finding of all layers that a rule met; none if it met none."""
    if not ranked:
        return []
    (worst, figure), count = ranked[0], len(ranked)
    where = f"{worst.name}, the worst of {count} of {total} layers" if count > 1 else worst.name
    names = tuple(layer.name for layer, _ in ranked)
    return [Finding(kind, names, figure, text.format(figure=figure, where=where), change)]


def own_share(layer: LayerDiagnosis, part: str) -> float:
    """Return a part's share of the squares of what a layer adds to its error by itself."""
    return (layer.parts[part].size / layer.own_error) ** 2 if layer.own_error else 0.0


def _leading(part: str, what: str) -> Callable[[Diagnosis, Setting], list[Finding]]:
    """Return the rule of a part of the error: it leads in layers with a noticeable own error."""

    def rule(diagnosis: Diagnosis, setting: Setting) -> list[Finding]:
        own = [layer for layer in diagnosis.layers if layer.own_error >= NOTICEABLE_ERROR]
        led = [layer for layer in own if own_share(layer, part) >= LEADING_SHARE]
        ranked = _ranked(led, lambda layer: layer.parts[part].size, 0.0)
        text = f"{what}: {{figure:.1%}} of the activation's size in {{where}}."
        change = advice.CHANGES[part](setting, [layer for layer, _ in ranked])
        return _finding(part, ranked, len(diagnosis.layers), text, change)

    return rule


def _handed_on(diagnosis: Diagnosis, setting: Setting) -> list[Finding]:
    """A layer is far off, mostly by what earlier layers do; name the one that adds the most."""
    ranked = _ranked(diagnosis.layers, lambda layer: layer.relative_error, NOTICEABLE_ERROR)
    ranked = [p for p in ranked if p[0].parts["handed_on"].size > p[0].own_error]
    if not ranked:
        return []
    source = max(diagnosis.layers, key=lambda layer: layer.own_error)
    text = (
        "Errors handed on from earlier layers outweigh the layer's own: relative error "
        f"{{figure:.1%}} in {{where}}. {source.name} adds the most by itself "
        f"({source.own_error:.1%})."
    )
    change = advice.handed_on(setting, source.name)
    return _finding("handed_on", ranked, len(diagnosis.layers), text, change)


def _saturated(diagnosis: Diagnosis, setting: Setting) -> list[Finding]:
    ranked = _ranked(diagnosis.layers, lambda layer: layer.saturated, SATURATED_SHARE)
    text = "Neurons that fire in every step on some image: {figure:.1%} in {where}."
    change = advice.clipping(setting, [layer for layer, _ in ranked])
    return _finding("saturated", ranked, len(diagnosis.layers), text, change)


def _dead(diagnosis: Diagnosis, setting: Setting) -> list[Finding]:
    ranked = _ranked(diagnosis.layers, lambda layer: layer.dead, DEAD_SHARE)
    text = "Neurons that never fire although their activation asks for it: {figure:.1%} in {where}."
    change = advice.dead(setting, [layer for layer, _ in ranked])
    return _finding("dead", ranked, len(diagnosis.layers), text, change)


def _late(diagnosis: Diagnosis, setting: Setting) -> list[Finding]:
    firing = [layer for layer in diagnosis.layers if layer.first_percent is not None]
    limit = 1 + LATE_SHARE * diagnosis.num_steps
    ranked = _ranked(firing, lambda layer: float(layer.first_percent or 0), limit)
    text = (
        "1 % of the neurons that fire at all have begun only in step {figure:.0f} of "
        f"{diagnosis.num_steps} in {{where}}."
    )
    change = advice.late(setting, [layer for layer, _ in ranked])
    return _finding("late", ranked, len(diagnosis.layers), text, change)


def _coarse(diagnosis: Diagnosis, setting: Setting) -> list[Finding]:
    ranked = _ranked(diagnosis.layers, lambda layer: layer.under_firing, COARSE_SHARE)
    text = "Active neurons that ask for less than one spike: {figure:.1%} in {where}."
    change = advice.rounding(setting, [layer for layer, _ in ranked])
    return _finding("coarse", ranked, len(diagnosis.layers), text, change)


def _shift(diagnosis: Diagnosis, setting: Setting) -> list[Finding]:
    ranked = _ranked(diagnosis.layers, _shifted, 1.0)
    if not ranked:
        return []
    layer = ranked[0][0]
    mean, high = (1.0 if r is None else r for r in (layer.mean_ratio, layer.high_ratio))
    figure = high if _far(high, SHIFTED_HIGH) >= _far(mean, SHIFTED_MEAN) else mean
    what = "99th percentile" if figure is high else "mean"
    text = (
        f"Activations on test images are not those on calibration images: {what} "
        f"{figure:.2f} times as large, in {{where}}."
    )
    (finding,) = _finding("shift", ranked, len(diagnosis.layers), text, advice.shift(setting))
    return [Finding("shift", finding.layers, figure, finding.found, finding.change)]


def _shifted(layer: LayerDiagnosis) -> float:
    """Return how far a layer's ratios are, in multiples of what is allowed (as powers)."""
    pairs = ((layer.mean_ratio, SHIFTED_MEAN), (layer.high_ratio, SHIFTED_HIGH))
    return max(_far(1.0 if ratio is None else ratio, allowed) for ratio, allowed in pairs)


def _far(ratio: float, allowed: float) -> float:
    """Return 1 where a ratio, or its inverse, is just ``allowed``; linear above."""
    ratio = max(ratio, 1e-9)
    return max(ratio, 1 / ratio) / allowed


def _unprepared(diagnosis: Diagnosis, setting: Setting) -> list[Finding]:
    """Recipes prepared the network for another number of steps."""
    prepared, names = setting.conversion.num_steps, setting.preparing
    if not names or prepared == diagnosis.num_steps:
        return []
    found = (
        f"{' and '.join(names)} prepared the network for {prepared} steps; this is about "
        f"{diagnosis.num_steps}."
    )
    return [Finding("unprepared", (), float(prepared), found, advice.unprepared(setting))]


_PARTS = (
    _leading("clipping", "Clipping (activations above the threshold) leads a layer's own error"),
    _leading("rounding", "Rounding (what so few spikes cannot tell) leads a layer's own error"),
    _leading("timing", "Timing (when currents come, where potentials start) leads a layer's error"),
)


def _own(diagnosis: Diagnosis, setting: Setting) -> list[Finding]:
    """Return the parts that lead, the largest first."""
    found = [finding for rule in _PARTS for finding in rule(diagnosis, setting)]
    return sorted(found, key=lambda finding: -finding.figure)


_RULES = (_unprepared, _shift, _own, _saturated, _dead, _late, _coarse, _handed_on)
