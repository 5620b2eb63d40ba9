"""Settings of the spiking network: conversion, fine-tuning, evaluation."""

from dataclasses import dataclass
from typing import Literal

from spikeseg.config._checking import require


@dataclass(frozen=True)
class ConversionConfig:
    """How the trained network becomes spiking.

    Attributes:
        neuron: a neuron: ``if_soft``, ``if_hard``, ``if_signed`` or ``loihi``.
        recipes: conversion recipes, followed in order. ``trained`` keeps the firing rates of
            training (Patel et al. 2021); ``percentile``, ``maximum`` and ``local_threshold``
            balance thresholds on calibration images; ``half_threshold``, ``signed``,
            ``calibrated`` and ``joint_skips`` change what an earlier one chose.
        granularity: thresholds for each ``layer`` or each ``channel``.
        percentile: of the calibration activations (``percentile``), 0..100.
        num_steps: the number of steps that ``local_threshold`` and ``calibrated`` prepare for.
        calibration_images: how many training images are used.
    """

    neuron: str = "if_soft"
    recipes: tuple[str, ...] = ("percentile", "half_threshold")
    granularity: Literal["layer", "channel"] = "layer"
    percentile: float = 99.0
    num_steps: int = 8
    calibration_images: int = 8

    def __post_init__(self) -> None:
        require(
            0 < self.percentile <= 100,
            f"conversion.percentile is {self.percentile}; it must be in (0, 100].",
        )
        for name in ("calibration_images", "num_steps"):
            value = getattr(self, name)
            require(value >= 1, f"conversion.{name} is {value}; it must be at least 1.")


@dataclass(frozen=True)
class FinetuningConfig:
    """How a converted network is trained on, through its spikes.

    Crops, augmentation, precision and the Dice loss are those of the training.

    Attributes:
        num_steps: time steps that the network is unrolled over; masks after 1, 2, 4, ... and all
            of them are trained.
        batches: how many batches.
        learning_rate: the peak of the one-cycle schedule of Adam; weights are in thresholds.
        sparsity: weight of the firing-rate regularizer: the spikes that pass a mean synapse while
            an image is shown.
    """

    num_steps: int = 4
    batches: int = 300
    learning_rate: float = 2e-3
    sparsity: float = 0.0

    def __post_init__(self) -> None:
        for name in ("num_steps", "batches", "learning_rate"):
            value = getattr(self, name)
            require(value > 0, f"finetuning.{name} is {value}; it must be positive.")
        require(
            self.sparsity >= 0, f"finetuning.sparsity is {self.sparsity}; it must be 0 or more."
        )


@dataclass(frozen=True)
class EvaluationConfig:
    """How every stage is scored on the held-out images.

    Attributes:
        num_steps: time steps of the spiking network.
        readout: share of these steps, from the end, whose output makes the mask, in (0, 1]; the
            first spikes need time to come through.
        exit_tolerance: early exit; an image is done when at most this share of its pixels (0..1)
            changes class from one look at its mask to the next, ``exit_patience`` times in a
            row. ``null`` simulates all steps of every image.
        exit_every: steps between two looks.
        exit_patience: how many looks in a row must find the mask stable.
        precision: how exact the spiking network's weights and currents must be at least, in
            ``run``, ``evaluate`` and ``segment``: ``float32``, ``bfloat16`` or ``int8`` (weights of
            8 bits). The fastest of what is as exact on this processor is taken, and said.
        crop: size of the test crops on which each neuron's firing rate is taken, in pixels.
        examples: how many images the report shows.
        membrane_class: the class that separates objects, for V^Rand and V^Info; ``null`` if the
            data have none (``cells`` and ``isbi2012`` set it by themselves).
    """

    num_steps: int = 32
    readout: float = 0.5
    exit_tolerance: float | None = None
    exit_every: int = 2
    exit_patience: int = 2
    precision: Literal["float32", "bfloat16", "int8"] = "float32"
    crop: int = 128
    examples: int = 3
    membrane_class: int | None = None

    def __post_init__(self) -> None:
        for name in ("num_steps", "exit_every", "exit_patience", "crop", "examples"):
            value = getattr(self, name)
            require(value >= 1, f"evaluation.{name} is {value}; it must be at least 1.")
        require(
            0 < self.readout <= 1,
            f"evaluation.readout is {self.readout}; it must be in (0, 1], a share of the steps.",
        )
        require(
            self.exit_tolerance is None or 0 <= self.exit_tolerance <= 1,
            f"evaluation.exit_tolerance is {self.exit_tolerance}; it must be in 0..1, a share of "
            "the pixels, or null for no early exit.",
        )
