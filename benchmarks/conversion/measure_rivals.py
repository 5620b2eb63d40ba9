"""Converts the network of a run with SpikingJelly and measures it on the run's test images.

Run it from the repository's root: ``python -m benchmarks.conversion.measure_rivals RUN --out FILE``
with the environment of ``environments/spikingjelly.txt``. The file is written after each setting.
"""

import argparse
import dataclasses
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.conversion.measuring import Images, measure, score_analog
from benchmarks.conversion.rivals import convert
from benchmarks.conversion.settings import SETTINGS, Batches, Setting, delay_starts
from benchmarks.conversion.tally import STEPS
from spikeseg import data as datasets
from spikeseg.batches import CropDataset
from spikeseg.config import RunConfig
from spikeseg.conversion import convert as convert_ours
from spikeseg.conversion import trace
from spikeseg.data import SegmentationData
from spikeseg.errors import RunFolderError
from spikeseg.files import read_json, sha256, write_json
from spikeseg.runs import RunFolder, load_network


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of a run")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--data-root", help="where the data lie, if no longer where they were")
    parser.add_argument("--settings", default="", help="only those with this in their name")
    parser.add_argument("--resume", action="store_true", help="keep what --out holds already")
    arguments = parser.parse_args()
    folder = RunFolder(arguments.run)
    config = folder.read_config()
    if arguments.data_root:
        moved = dataclasses.replace(config.data, root=arguments.data_root)
        config = dataclasses.replace(config, data=moved)
    chosen = [setting for setting in SETTINGS if arguments.settings in setting.name]
    measure_run(folder, config, chosen, arguments.out, resume=arguments.resume)


def measure_run(
    folder: RunFolder,
    config: RunConfig,
    settings: Sequence[Setting],
    out: Path,
    *,
    resume: bool = False,
) -> None:
    """Measure settings on a run; write ``out`` after each.

    Args:
        folder: the run.
        config: its settings.
        settings: what to measure.
        out: the JSON file.
        resume: keep the settings that ``out`` holds, and measure the others only.

    Raises:
        RunFolderError: ``out`` is to be resumed, but was measured on another network.
    """
    trained = load_network(folder.require("network.safetensors"))
    data = datasets.load(config.data)
    crops = CropDataset(data.train, config.training.crop, config.seed)
    stride = convert_ours(trained.network, crops[0][0][None]).stride
    images = Images(trained.network, data.test, len(data.class_names), stride)
    network = sha256(folder.file("network.safetensors"))
    earlier = _earlier(out, network) if resume else {}
    found = _describe(images, data) | {"network": network, "rivals": earlier}
    for setting in settings:
        if not any(name.startswith(f"{setting.name}, read-out") for name in earlier):
            found["rivals"] |= _measure_setting(images, setting, config, data)
            write_json(out, found)


def _earlier(out: Path, network: str) -> dict[str, Any]:
    """Return the settings that were measured on this network already."""
    if not out.exists():
        return {}
    found = read_json(out)
    if found["network"] != network:
        raise RunFolderError(
            f"{out} was measured on another network.safetensors ({found['network'][:12]}, not "
            f"{network[:12]}); leave --resume out to replace it, or choose another --out."
        )
    rivals: dict[str, Any] = found["rivals"]
    return rivals


def _describe(images: Images, data: SegmentationData) -> dict[str, Any]:
    analog = score_analog(images)
    return {
        "data": data.name,
        "split": data.split,
        "num_test": len(data.test),
        "ann_miou": analog.miou,
        "ann_pixel_accuracy": analog.pixel_accuracy,
    }


def _measure_setting(
    images: Images, setting: Setting, config: RunConfig, data: SegmentationData
) -> dict[str, Any]:
    began = time.perf_counter()
    batches = calibration_batches(config, data, setting)
    traced = trace(images.network, batches[0][:1])
    converted = convert(images.network, traced, setting, batches)
    with warnings.catch_warnings():  # it warns that a delay does not fit into few steps
        warnings.simplefilter("ignore", RuntimeWarning)
        starts = delay_starts(converted.module, batches, STEPS)
    rows = measure(converted, images, starts)
    print(f"{setting.name}: {time.perf_counter() - began:.0f} s", flush=True)
    return {f"{setting.name}, read-out {readout}": row for readout, row in rows.items()}


def calibration_batches(config: RunConfig, data: SegmentationData, setting: Setting) -> Batches:
    """Return random crops of training images; the first ones are those of `spikeseg convert`."""
    crops = CropDataset(data.train, config.training.crop, config.seed)

    def batch(number: int) -> Tensor:
        first = number * setting.batch_size
        return torch.stack([crops[i][0] for i in range(first, first + setting.batch_size)])

    return [batch(number) for number in range(setting.batches)]


if __name__ == "__main__":
    main()
