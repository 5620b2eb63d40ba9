"""The verb measure: time and energy of a run's networks on this machine.

What is measured here has nothing to do with what a chip is estimated to take; the two are kept in
files of their own.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch

from spikeseg import data as datasets
from spikeseg._version import __version__
from spikeseg.errors import ConfigError
from spikeseg.files import sha256, write_json
from spikeseg.meters import (
    Measurement,
    Meter,
    Missing,
    Spread,
    check_windows,
    find_nvml,
    find_rapl,
    measure,
)
from spikeseg.progress import Progress, silent
from spikeseg.runs.checks import check_analog, check_classes, pick_device
from spikeseg.runs.folder import FORMAT, RunFolder
from spikeseg.runs.host.images import HostImages, host_images
from spikeseg.runs.host.machine import describe_machine
from spikeseg.runs.host.networks import load_networks
from spikeseg.runs.host.subjects import Absent, Subject

Device = Literal["cpu", "cuda", "auto"]


@dataclass(frozen=True)
class HostSettings:
    """How to measure.

    Attributes:
        seconds: least length of a window.
        repeats: windows for each network and batch.
        batches: images at a time.
        threads: of torch, ONNX Runtime and the emulator; those of torch if not given.
        size: rows and columns of the images; those of the chip's program if there is one, else
            ``evaluation.crop``.
        device: ``cpu``, ``cuda`` or ``auto``; the processor is measured in any case.

    Raises:
        ConfigError: a value out of range.
    """

    seconds: float = 5.0
    repeats: int = 3
    batches: tuple[int, ...] = (1, 4)
    threads: int | None = None
    size: tuple[int, int] | None = None
    device: Device = "auto"

    def __post_init__(self) -> None:
        check_windows(self.seconds, self.repeats)
        if not self.batches or min(self.batches) < 1 or len(set(self.batches)) < len(self.batches):
            raise ConfigError(
                f"batches is {list(self.batches)}; it takes different numbers of images from 1 up, "
                "such as 1 4 16."
            )
        cores = os.cpu_count() or 1
        if self.threads is not None and not 1 <= self.threads <= cores:
            raise ConfigError(f"threads is {self.threads}; this machine has 1..{cores}.")


def measure_stage(
    folder: RunFolder, settings: HostSettings, *, progress: Progress = silent
) -> dict[str, Any]:
    """Measure a run's networks on this machine; write ``host.json`` and the dense one as ONNX.

    Timed are the dense network (torch, ONNX Runtime in float32 and in INT8), the spiking network
    (simulated) and the chip's program (emulated) where there is one, from images in memory to
    masks, with every size of batch. Energy is that of hardware counters, or said to be missing.

    Args:
        folder: a run that is trained and converted.
        settings: windows, batches, threads, size.
        progress: is told the measurements done.

    Returns:
        What ``host.json`` holds.

    Raises:
        RunFolderError: a stage is missing, or is of another network or data.
        ConfigError: a setting out of range, or a size that the network does not take.
    """
    config = folder.read_config()
    check_analog(folder, config, "measure")
    device = pick_device(settings.device)
    networks = load_networks(folder, config)
    data = datasets.load(config.data)
    check_classes(data, networks.trained, folder.path)
    size = settings.size or networks.program_size
    images = host_images(config, data, networks.graph.stride, size)
    with _threads(settings.threads) as threads:
        onnx = networks.write_onnx(folder, images, threads)
        subjects = networks.subjects(folder, images.size, threads, device, onnx)
        rows = _measure_all(subjects, images, settings, progress)
        machine = describe_machine(threads, device)
    found = {
        "format": FORMAT,
        "version": __version__,
        "made_from": sha256(folder.file("network.safetensors")),
        "machine": machine,
        "settings": asdict(settings) | {"threads": threads, "size": images.size},
        "onnx": onnx,
        "rows": rows,
    }
    write_json(folder.file("host.json"), found)
    return found


def _measure_all(
    subjects: Sequence[Subject | Absent],
    images: HostImages,
    settings: HostSettings,
    progress: Progress,
) -> list[dict[str, Any]]:
    rows = []
    total = sum(1 if isinstance(s, Absent) else len(settings.batches) for s in subjects)
    for subject in subjects:
        head = asdict(subject.kind)
        if isinstance(subject, Absent):
            rows.append(head | {"not_measured": subject.reason})
            progress("measure", len(rows), total)
            continue
        for batch in settings.batches:
            found = measure(
                subject.prepare(images.batch(batch)),
                seconds=settings.seconds,
                repeats=settings.repeats,
                meters=_meters(subject.kind.device),
            )
            rows.append(head | {"batch": batch} | _row(found, batch))
            progress("measure", len(rows), total)
    return rows


def _meters(device: str) -> list[Meter | Missing]:
    meters: list[Meter | Missing] = [find_rapl()]
    if device == "cuda":
        meters.append(find_nvml(f"GPU-{torch.cuda.get_device_properties(0).uuid}"))
    return meters


def _row(found: Measurement, batch: int) -> dict[str, Any]:
    """Return times and energies of one image, with every window they come from."""

    def each(spread: Spread) -> dict[str, float | None]:
        std = None if spread.std is None else spread.std / batch
        return {"mean": spread.mean / batch, "std": std}

    energy: dict[str, Any] = {meter.name: str(meter) for meter in found.missing}
    for meter in found.energy:
        energy[meter.name] = {
            "covers": meter.covers,
            "joules_per_image": each(meter.joules),
            "joules_per_image_above_idle": each(meter.above_idle),
            "idle_watts": asdict(meter.idle_watts),
        }
    return {
        "seconds_per_image": each(found.seconds),
        "energy": energy,
        "windows": [asdict(window) for window in found.work],
        "idle_windows": [asdict(window) for window in found.idle],
    }


@contextmanager
def _threads(wanted: int | None) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(wanted or before)
    try:
        yield torch.get_num_threads()
    finally:
        torch.set_num_threads(before)
