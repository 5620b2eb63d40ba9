"""What a run is made of: plain frozen dataclasses, read from YAML and from dotted overrides.

Nothing here imports torch, so that the command line answers at once. Ranges are checked where a
value enters (``__post_init__``), with the value found and the range allowed.
"""

from spikeseg.config.chip import ChipConfig
from spikeseg.config.data import AugmentationConfig, DataConfig, EventView
from spikeseg.config.network import ActivationConfig, NetworkConfig
from spikeseg.config.neurons import SpikingConfig
from spikeseg.config.run import RunConfig
from spikeseg.config.spiking import ConversionConfig, EvaluationConfig, FinetuningConfig
from spikeseg.config.training import RegularizerConfig, TrainingConfig

__all__ = [
    "IGNORE_INDEX",
    "ActivationConfig",
    "AugmentationConfig",
    "ChipConfig",
    "ConversionConfig",
    "DataConfig",
    "EvaluationConfig",
    "EventView",
    "FinetuningConfig",
    "NetworkConfig",
    "RegularizerConfig",
    "RunConfig",
    "SpikingConfig",
    "TrainingConfig",
]

IGNORE_INDEX = 255
"""Mask value of pixels that neither training nor a metric looks at."""
