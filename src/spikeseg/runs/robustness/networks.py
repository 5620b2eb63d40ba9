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
_MADE_FROM: Mapping[Stage, str] = {"ann": "network.safetensors", "snn": "graph.npz"}
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
    for stage in stages_of(folder):
        segmenter, _ = load_segmenter(folder.path, stage=stage, device=config.device)
        steps = config.evaluation.num_steps if stage == "snn" else 1
        record = {
            "run": _run_name(folder.path, [other.path for other in folders]),
            "run_index": folders.index(folder),
            "stage": stage,
            "num_steps": steps,
            "made_from": sha256(folder.require(_MADE_FROM[stage])),
            "training": {name: getattr(config.training.augmentation, name) for name in NOISES},
        }
        found.append(Network(record, segmenter, {}))
    return found


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
