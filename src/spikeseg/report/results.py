"""What a run folder holds, as the report sees it: checked, typed and frozen."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spikeseg.report.chip_results import Chip
from spikeseg.report.energy_results import Energy
from spikeseg.report.records import Record
from spikeseg.report.robustness_reading import Robustness


@dataclass(frozen=True)
class Stage:
    """The scores of one stage (the ANN, the spiking network, ...) on the held-out images.

    Attributes:
        key: its name in ``metrics.json``.
        scores: ``pixel_accuracy``, ``miou``, ``dice``, ``v_rand`` and ``v_info``, by name.
        iou: one per class; None for a class that the held-out images lack.
        dice_per_class: one per class.
        num_steps: time steps; 1 for the ANN. With early exit, the most that an image may take.
        mean_steps_used: those that the images took, on average.
        spikes_per_neuron: for one image, mean over neurons.
        operations: synaptic operations for one image.
        operation: what is counted: ``MAC`` or ``AC``.
    """

    key: str
    scores: Mapping[str, float | None]
    iou: tuple[float | None, ...]
    dice_per_class: tuple[float | None, ...]
    num_steps: int
    mean_steps_used: float
    spikes_per_neuron: float
    operations: float
    operation: str

    def score(self, name: str) -> float:
        """Return a score that every stage has: ``pixel_accuracy``, ``miou`` or ``dice``."""
        value = self.scores[name]
        assert value is not None  # read by `Record.number`
        return value


@dataclass(frozen=True)
class Layer:
    """One layer of neurons: rates on the test crops, and how well it follows the ANN.

    Attributes:
        edges_hz: (K + 1) bin edges of the histogram of the neurons' percentile rates.
        counts: (K) neurons in each bin.
        shares: shares of neurons under, in and over the band.
        dead: neurons that never fire.
        saturated: neurons at the highest rate that they can reach.
        relative_error: ``||snn - ann|| / ||ann||`` of the activations.
    """

    name: str
    shape: tuple[int, ...]
    num_neurons: int
    threshold: float
    edges_hz: tuple[float, ...]
    counts: tuple[float, ...]
    shares: tuple[float, float, float]
    mean_rate_hz: float
    dead: int
    saturated: int
    relative_error: float
    operations: float


@dataclass(frozen=True)
class Examples:
    """Pictures of some held-out images.

    Attributes:
        names: (N) where each comes from.
        images: (N, H, W) or (N, H, W, 3) uint8.
        masks: (N, H, W) uint8; 255 is ignored.
        ann: (N, H, W) uint8, predicted by the ANN.
        snn: (N, H, W) uint8, predicted by the spiking network.
        steps: (S) time steps, ascending.
        forming: (N, S, H, W) uint8, predicted by the spiking network after ``steps``.
    """

    names: tuple[str, ...]
    images: NDArray[np.uint8]
    masks: NDArray[np.uint8]
    ann: NDArray[np.uint8]
    snn: NDArray[np.uint8]
    steps: tuple[int, ...]
    forming: NDArray[np.uint8]


@dataclass(frozen=True)
class CurvePoint:
    """Scores of the spiking network on all held-out images after ``num_steps`` steps."""

    num_steps: int
    pixel_accuracy: float
    miou: float


@dataclass(frozen=True)
class Baseline:
    """The same network, trained without the firing-rate regularizer."""

    stages: tuple[Stage, ...]
    layers: tuple[Layer, ...]


@dataclass(frozen=True)
class Direct:
    """The same network, trained through its spikes.

    Attributes:
        curve: its scores after every step.
        masks: (N, H, W) uint8, of the examples.
        network: the settings of its network, with ``spiking``.
        training: the settings of its training.
        history: of its training, by column.
    """

    curve: tuple[CurvePoint, ...]
    masks: NDArray[np.uint8]
    network: Record
    training: Record
    history: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True)
class RunResults:
    """Everything in a run folder that the report shows.

    ``data``, ``seconds``, ``training`` and ``config`` stay records, since the page lists them.
    """

    run: Path
    config: Record
    metrics: Record
    data: Record
    class_names: tuple[str, ...]
    membrane_class: int | None
    stages: tuple[Stage, ...]
    curve: tuple[CurvePoint, ...]
    layers: tuple[Layer, ...]
    band_hz: tuple[float, float]
    percentile: float
    layer_facts: Record
    history: Mapping[str, tuple[float, ...]]
    examples: Examples
    baseline: Baseline | None
    direct: Direct | None = None
    chip: Chip | None = None
    energy: Energy | None = None
    robustness: Robustness | None = None

    def stage(self, key: str) -> Stage:
        """Return the stage called ``key``: ``ann`` and ``snn`` are always there."""
        return next(stage for stage in self.stages if stage.key == key)
