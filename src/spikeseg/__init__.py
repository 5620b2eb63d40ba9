"""Semantic image segmentation with spiking neural networks.

Train a network on images and masks, convert it neuron for neuron, simulate it, put it on a chip,
score it and report. Importing this package imports no torch; a name does when it is first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

from spikeseg._version import __version__

if TYPE_CHECKING:
    from spikeseg.chips import ChipProgram, load_program, save_program
    from spikeseg.config import (
        ActivationConfig,
        AugmentationConfig,
        ChipConfig,
        ConversionConfig,
        DataConfig,
        EvaluationConfig,
        FinetuningConfig,
        NetworkConfig,
        RegularizerConfig,
        RunConfig,
        SpikingConfig,
        TrainingConfig,
    )
    from spikeseg.conversion import convert
    from spikeseg.data import Sample, SegmentationData, load
    from spikeseg.emulation import emulate
    from spikeseg.engine import Simulation, simulate
    from spikeseg.errors import SpikeSegError
    from spikeseg.graph import SpikingGraph, load_graph, save_graph
    from spikeseg.inference import Segmenter
    from spikeseg.metrics import SegmentationScores, score
    from spikeseg.networks import make_network
    from spikeseg.neurons import Neuron
    from spikeseg.report import write_report
    from spikeseg.runs import RunFolder, load_network, load_segmenter, run
    from spikeseg.training import finetune

_HOMES = {
    "ActivationConfig": "config",
    "AugmentationConfig": "config",
    "ChipConfig": "config",
    "ChipProgram": "chips",
    "ConversionConfig": "config",
    "DataConfig": "config",
    "EvaluationConfig": "config",
    "FinetuningConfig": "config",
    "NetworkConfig": "config",
    "Neuron": "neurons",
    "RegularizerConfig": "config",
    "RunConfig": "config",
    "RunFolder": "runs",
    "Sample": "data",
    "SegmentationData": "data",
    "SegmentationScores": "metrics",
    "Segmenter": "inference",
    "Simulation": "engine",
    "SpikeSegError": "errors",
    "SpikingConfig": "config",
    "SpikingGraph": "graph",
    "TrainingConfig": "config",
    "convert": "conversion",
    "emulate": "emulation",
    "finetune": "training",
    "load": "data",
    "load_graph": "graph",
    "load_network": "runs",
    "load_program": "chips",
    "load_segmenter": "runs",
    "make_network": "networks",
    "run": "runs",
    "save_graph": "graph",
    "save_program": "chips",
    "score": "metrics",
    "simulate": "engine",
    "write_report": "report",
}

__all__ = [
    "ActivationConfig",
    "AugmentationConfig",
    "ChipConfig",
    "ChipProgram",
    "ConversionConfig",
    "DataConfig",
    "EvaluationConfig",
    "FinetuningConfig",
    "NetworkConfig",
    "Neuron",
    "RegularizerConfig",
    "RunConfig",
    "RunFolder",
    "Sample",
    "SegmentationData",
    "SegmentationScores",
    "Segmenter",
    "Simulation",
    "SpikeSegError",
    "SpikingConfig",
    "SpikingGraph",
    "TrainingConfig",
    "__version__",
    "convert",
    "emulate",
    "finetune",
    "load",
    "load_graph",
    "load_network",
    "load_program",
    "load_segmenter",
    "make_network",
    "run",
    "save_graph",
    "save_program",
    "score",
    "simulate",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"spikeseg.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'spikeseg' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
