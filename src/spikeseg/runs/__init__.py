"""Runs: a folder in which every stage leaves one file, and the verbs that write them.

``folder`` names the files, ``network_file`` reads and writes the trained network, ``stages`` are
the verbs train, convert, finetune and evaluate, ``checks`` says beforehand what would fail,
``measuring`` looks at both networks on the test images, ``scoring``, ``layer_table`` and
``examples`` write what was found, ``diagnosing`` tells where converting loses, ``tuning`` is the
verb tune, ``segmenting`` makes a run a function from image to mask, ``pipeline`` does everything.

``compiling``, ``emulating`` and ``energy`` are the verbs of the chip: ``chip_checks`` says
beforehand what would fail, ``chip_placing`` puts cores on chips, ``core_table`` says how full they
are, ``chip_running`` runs a program on images of any size, ``chip_measuring`` on the test images,
``chip_scoring`` writes what was found, ``chip_map`` where cores lie and what goes between chips.

``host`` is the verb measure: time and energy on this machine. ``host_networks`` and
``host_subjects`` are what is measured, ``host_images`` on what, ``host_machine`` where.
"""

from spikeseg.runs.compiling import compile_stage
from spikeseg.runs.diagnosing import diagnose_stage
from spikeseg.runs.emulating import emulate_stage
from spikeseg.runs.energy import energy_stage
from spikeseg.runs.folder import RunFolder
from spikeseg.runs.host import HostSettings, measure_stage
from spikeseg.runs.network_file import TrainedNetwork, load_network, save_network
from spikeseg.runs.pipeline import run
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
    "run",
    "save_network",
    "train_stage",
    "tune_stage",
]
