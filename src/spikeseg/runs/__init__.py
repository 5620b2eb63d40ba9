"""Runs: a folder in which every stage leaves one file, and the verbs that write them.

``folder`` names the files, ``network_file`` reads and writes the trained network, ``stages`` are
the verbs train, convert, finetune and evaluate, ``checks`` says beforehand what would fail,
``measuring`` looks at both networks on the test images, ``scoring``, ``layer_table`` and
``examples`` write what was found, ``diagnosing`` tells where converting loses, ``tuning`` is the
verb tune, ``segmenting`` makes a run a function from image to mask, ``pipeline`` does everything.

``compiling``, ``emulating`` and ``energy`` are the verbs of the chip, with the room ``chip``;
``host`` is the verb measure, ``robustness`` the verb of its name.
"""

from spikeseg.runs.compiling import compile_stage
from spikeseg.runs.diagnosing import diagnose_stage
from spikeseg.runs.emulating import emulate_stage
from spikeseg.runs.energy import energy_stage
from spikeseg.runs.folder import RunFolder
from spikeseg.runs.host.measuring import HostSettings, measure_stage
from spikeseg.runs.network_file import TrainedNetwork, load_network, save_network
from spikeseg.runs.pipeline import run
from spikeseg.runs.robustness.scoring import robustness_stage
from spikeseg.runs.robustness.settings import RobustnessSettings
from spikeseg.runs.segmenting import load_segmenter
from spikeseg.runs.stages import (
    calibration_images,
    convert_stage,
    evaluate_stage,
    finetune_stage,
    train_stage,
)
from spikeseg.runs.tuning import tune_stage

__all__ = [
    "HostSettings",
    "RobustnessSettings",
    "RunFolder",
    "TrainedNetwork",
    "calibration_images",
    "compile_stage",
    "convert_stage",
    "diagnose_stage",
    "emulate_stage",
    "energy_stage",
    "evaluate_stage",
    "finetune_stage",
    "load_network",
    "load_segmenter",
    "measure_stage",
    "robustness_stage",
    "run",
    "save_network",
    "train_stage",
    "tune_stage",
]
