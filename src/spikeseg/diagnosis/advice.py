"""What to change: sentences that name settings, and only what is not done already."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from spikeseg.config import ConversionConfig
from spikeseg.diagnosis.results import LayerDiagnosis

_HALF = (0.4, 0.6)  # initial potentials that round to the nearest count, or nearly so


@dataclass(frozen=True)
class Setting:
    """What a run does now.

    Attributes:
        conversion: its settings.
        readout: share of the steps, from the end, that makes the mask.
        num_steps: T of the diagnosis.
    """

    conversion: ConversionConfig
    readout: float
    num_steps: int

    def uses(self, recipe: str) -> bool:
        """Return whether a recipe is followed."""
        return recipe in self.conversion.recipes

    @property
    def preparing(self) -> tuple[str, ...]:
        """The recipes followed that prepare for a number of steps."""
        return tuple(n for n in self.conversion.recipes if n in ("local_threshold", "calibrated"))


Layers = Sequence[LayerDiagnosis]


def _either(choices: Sequence[str]) -> str:
    """Join what can be done: each choice is a clause.

    >>> _either(["do a", "do b", "do c"])
    'Do a; or do b; or do c.'
    """
    text = "; or ".join(choices)
    return f"{text[0].upper()}{text[1:]}."


def clipping(setting: Setting, layers: Layers) -> str:
    """Return how to lose less above the threshold."""
    conversion, choices = setting.conversion, list[str]()
    if setting.uses("percentile") and conversion.percentile < 100:
        higher = 100 - (100 - conversion.percentile) / 10
        choices.append(f"set conversion.percentile to {higher:g} (now {conversion.percentile:g})")
    if setting.uses("trained"):
        choices.append("use the recipe 'percentile' in place of 'trained'")
    if not setting.uses("local_threshold"):
        choices.append(_local_threshold(setting))
    if conversion.granularity == "layer":
        choices.append("set conversion.granularity to 'channel'")
    choices.append(
        "raise conversion.calibration_images"
        f" (now {conversion.calibration_images}), so that large activations are seen"
    )
    return _either(choices)


def rounding(setting: Setting, layers: Layers) -> str:
    """Return how to resolve activations more finely."""
    choices = []
    if not setting.uses("local_threshold"):
        choices.append(_local_threshold(setting))
    if setting.conversion.granularity == "layer":
        choices.append("set conversion.granularity to 'channel', for weak channels")
    choices.append(f"use more steps (--num_steps {2 * setting.num_steps} halves the rounding)")
    choices.append(_finetune(setting))
    return _either(choices)


def timing(setting: Setting, layers: Layers) -> str:
    """Return how to make counts depend less on when currents come."""
    choices = []
    low, high = _HALF
    if any(not low <= layer.v_initial <= high for layer in layers) and not setting.preparing:
        choices.append("add the recipe 'half_threshold', so that counts are rounded, not cut")
    if any(layer.neuron != "if_signed" for layer in layers):
        choices.append("add the recipe 'signed', so that early spikes can be taken back")
    if any(layer.late_error < layer.relative_error for layer in layers):
        now = f" (now {setting.readout:g})"
        choices.append(
            "read out later: the later half of the steps is nearer to the analog network; set "
            f"evaluation.readout to {min(0.5, setting.readout):g} or less{now}"
        )
    if not setting.uses("calibrated"):
        choices.append("add the recipe 'calibrated', which moves potentials and biases")
    choices.append(f"use more steps (--num_steps {2 * setting.num_steps})")
    choices.append(_finetune(setting))
    return _either(choices)


def _local_threshold(setting: Setting) -> str:
    return (
        "use the recipe 'local_threshold' with conversion.num_steps = "
        f"{setting.num_steps}, which weighs rounding against clipping"
    )


def _finetune(setting: Setting) -> str:
    return (
        f"train the spikes themselves (`spikeseg finetune --num_steps {setting.num_steps}`, "
        "needs labels)"
    )


def dead(setting: Setting, layers: Layers) -> str:
    """Return how to make silent neurons heard."""
    choices = []
    if any(layer.v_initial < _HALF[0] for layer in layers):
        choices.append("add the recipe 'half_threshold', so that half a spike's worth fires")
    if setting.conversion.granularity == "layer":
        choices.append("set conversion.granularity to 'channel', for weak channels")
    if not setting.uses("calibrated"):
        choices.append("add the recipe 'calibrated', which moves potentials and biases")
    choices.append(f"use more steps (--num_steps {2 * setting.num_steps})")
    return _either(choices)


def late(setting: Setting, layers: Layers) -> str:
    """Return how to begin earlier, or not to listen before."""
    choices = []
    if any(layer.v_initial < _HALF[0] for layer in layers):
        choices.append("add the recipe 'half_threshold', so that the first spike comes sooner")
    first = max((layer.first_percent or 1 for layer in layers), default=1)
    rest = 1 - (first - 1) / setting.num_steps
    if setting.readout > rest:
        choices.append(
            f"set evaluation.readout to {rest:.2g} or less (now {setting.readout:g}), so that the "
            "mask does not look at the steps before"
        )
    choices.append("set conversion.granularity to 'channel', or a lower conversion.percentile")
    return _either(choices)


def handed_on(setting: Setting, source: str) -> str:
    """Return how to keep errors from growing on their way."""
    choices = [f"begin with the findings about {source}; what it does wrong, all after it inherit"]
    if not setting.uses("calibrated"):
        choices.append(
            "add the recipe 'calibrated' (conversion.num_steps = "
            f"{setting.num_steps}), which corrects each layer after those before it"
        )
    return _either(choices)


def shift(setting: Setting) -> str:
    """Return how to calibrate on what will be seen."""
    return _either(
        [
            "calibrate on images like those to be segmented (staining, exposure, magnification)",
            f"raise conversion.calibration_images (now {setting.conversion.calibration_images}) "
            "if they are few",
        ]
    )


def unprepared(setting: Setting) -> str:
    """Return how to prepare for the steps that are taken."""
    return f"Set conversion.num_steps to {setting.num_steps} and run `spikeseg convert` again."


def fine(setting: Setting) -> str:
    """Return that nothing needs to be changed."""
    return (
        "Nothing needs to be changed for accuracy; fewer steps than "
        f"{setting.num_steps} may do (see the curve)."
    )


CHANGES: dict[str, Callable[[Setting, Layers], str]] = {
    "clipping": clipping,
    "rounding": rounding,
    "timing": timing,
}
"""For each part of a layer's own error, what lowers it."""
