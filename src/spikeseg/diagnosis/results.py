"""What a diagnosis finds: plain frozen data, ready for JSON."""

from collections.abc import Mapping
from dataclasses import dataclass

from spikeseg.graph.transforms import Shape


@dataclass(frozen=True)
class Part:
    """One part of a layer's error.

    Attributes:
        size: root of its sum of squares, relative to the analog activation, as an error is.
        share: of the squared error, ``sum(part * error) / sum(error^2)``. The shares of all parts
            sum to 1; one below 0 makes up for others.
    """

    size: float
    share: float


@dataclass(frozen=True)
class LayerDiagnosis:
    """One hidden population on the test images.

    With a the analog activation, s the spiking one (decoded from net spike counts), theta the
    spike value (threshold) and T the steps:

    Attributes:
        name: of the population.
        shape: (C, h, w).
        depth: populations on the longest way from the image, itself counted.
        stride: height of the image over its own.
        role: ``segmentation`` at full resolution, ``classification-like`` at the lowest one,
            ``between`` otherwise.
        neuron: which it is made of.
        threshold: theta, the median over channels, in the units of the network.
        v_initial: membrane potential before the first step, mean over channels, in thresholds.
        relative_error: ``|s - a| / |a|`` after T steps, 2-norms over all images and neurons; where
            a is 0 throughout, relative to one spike in every step.
        late_error: the same, with s decoded from the later half of the steps only.
        curve: relative error after each of the diagnosis' ``curve_steps``.
        parts: of the error after T steps, by name; see `error_parts`.
        dead: share of neurons that never fire though a > theta / 2T on some image.
        silent: share of neurons that never fire, and need not.
        saturated: share of neurons that fire in every step on some image.
        first_step: the first step with a spike, counted from 1; ``None`` if there is none.
        first_percent: the step by which 1 % of the neurons that fire at all have fired.
        first_half: the step by which half of them have.
        spatial_variance: ``V = mean over images, channels of Var_{h,w}(a / theta)``.
        variation: ``sqrt(V) / mean(a / theta)``, the coefficient of variation; 0 if a is 0.
        under_firing: share of active neurons below one spike's worth, 0 < a < theta / T.
        mean_ratio: mean a on test images over that on calibration images; ``None`` if that is 0.
        high_ratio: the same of the 99th percentile.
        above_threshold: share of neurons with a > theta.
    """

    name: str
    shape: Shape
    depth: int
    stride: float
    role: str
    neuron: str
    threshold: float
    v_initial: float
    relative_error: float
    late_error: float
    curve: tuple[float, ...]
    parts: Mapping[str, Part]
    dead: float
    silent: float
    saturated: float
    first_step: int | None
    first_percent: int | None
    first_half: int | None
    spatial_variance: float
    variation: float
    under_firing: float
    mean_ratio: float | None
    high_ratio: float | None
    above_threshold: float

    @property
    def own_error(self) -> float:
        """What the layer adds to its error by itself: all parts but the one handed on, as sizes."""
        own = [part.size for name, part in self.parts.items() if name != "handed_on"]
        return float(sum(size**2 for size in own) ** 0.5)


@dataclass(frozen=True)
class Relation:
    """Whether two figures of the layers rank alike.

    Attributes:
        figure: an attribute of the layers.
        against: another one.
        rho: Spearman's rank correlation, -1..1.
        p_value: chance of one as large among unrelated layers.
    """

    figure: str
    against: str
    rho: float
    p_value: float


@dataclass(frozen=True)
class Diagnosis:
    """What was found in all layers.

    Attributes:
        num_steps: T.
        num_images: test images.
        num_calibration_images: calibration images.
        size: height and width of the test images in pixels.
        curve_steps: the steps of each layer's ``curve``.
        layers: hidden populations, in topological order.
        relations: rank correlations over the layers; none where there are too few, or a figure is
            the same in all.
    """

    num_steps: int
    num_images: int
    num_calibration_images: int
    size: tuple[int, int]
    curve_steps: tuple[int, ...]
    layers: tuple[LayerDiagnosis, ...]
    relations: tuple[Relation, ...]
