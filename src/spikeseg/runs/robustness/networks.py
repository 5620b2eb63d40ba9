"""The networks of some runs, ready to segment."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeseg.data import SegmentationData
from spikeseg.files import sha256
from spikeseg.metrics import ConfusionMatrix
from spikeseg.runs.checks import check_classes
from spikeseg.runs.folder import RunFolder
from spikeseg.runs.network_file import load_network
from spikeseg.runs.segmenting import Stage, load_segmenter, stages_of

NOISES = ("noise", "contrast", "brightness")
"""The settings of ``training.augmentation`` that make a network used to corrupted images."""
_FILES: Mapping[str, tuple[str, ...]] = {
    "ann": ("network.safetensors",),
    "snn": ("network.safetensors", "graph.npz"),
    "direct": ("direct/network.safetensors",),
}
"""What a stage is made from, the trained network first."""
Where = tuple[str, float] | None
"""A corruption and its level; None is the clean image."""


@dataclass(frozen=True, eq=False)
class Network:
    """One network: what is written of it, its function, and what it has predicted so far."""

    record: dict[str, Any]
    segment: Callable[[NDArray[np.float32]], NDArray[np.uint8]]
    found: dict[Where, ConfusionMatrix]


def networks_of(
    folder: RunFolder, folders: Sequence[RunFolder], data: SegmentationData
) -> list[Network]:
    """Return the networks of one run, ready."""
    config = folder.read_config()
    check_classes(data, load_network(folder.require("network.safetensors")), folder.path)
    found = []
    for stage in stages_of(folder.path):
        segmenter, _ = load_segmenter(folder.path, stage=stage, device=config.device)
        record = {
            "run": _run_name(folder.path, [other.path for other in folders]),
            "run_index": folders.index(folder),
            "stage": stage,
            "num_steps": _num_steps(folder, stage, config.evaluation.num_steps),
            "made_from": {name: sha256(at) for name, at in _files(folder, stage).items()},
            "training": {name: getattr(config.training.augmentation, name) for name in NOISES},
        }
        found.append(Network(record, segmenter, {}))
    return found


def _files(folder: RunFolder, stage: Stage) -> dict[str, Path]:
    """Return the files that a stage is made from and that there are."""
    found = {name: folder.path / name for name in _FILES[stage]}
    return {name: path for name, path in found.items() if path.is_file()}


def _num_steps(folder: RunFolder, stage: Stage, of_evaluation: int) -> int:
    """Return the time steps of a stage: 1 of an ANN, its own of a trained spiking network."""
    trained = load_network(folder.path / _FILES[stage][0]).config.spiking
    if stage == "ann":
        return 1
    return of_evaluation if trained is None else trained.num_steps * trained.parts


def _run_name(path: Path, paths: Sequence[Path]) -> str:
    """Return the last parts of a path that tell it from the others, as many as it takes.

    >>> _run_name(Path("a/run"), [Path("a/run"), Path("b/run")])
    'a/run'
    """
    own, *rest = [p.resolve().parts[::-1] for p in (path, *(p for p in paths if p != path))]
    same = (sum(1 for _ in _while_equal(own, other)) for other in rest)
    return "/".join(own[: 1 + max(same, default=0)][::-1])


def _while_equal(first: Sequence[str], second: Sequence[str]) -> Iterator[str]:
    for a, b in zip_longest(first, second):
        if a != b:
            return
        yield a
