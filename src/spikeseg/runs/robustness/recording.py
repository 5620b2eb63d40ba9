"""What ``robustness.json`` holds."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from spikeseg._version import __version__
from spikeseg.data import SegmentationData
from spikeseg.metrics import ConfusionMatrix
from spikeseg.robustness import CORRUPTIONS, fitting
from spikeseg.runs.folder import FORMAT
from spikeseg.runs.robustness.networks import NOISES, Network
from spikeseg.runs.robustness.settings import Plan, RobustnessSettings
from spikeseg.runs.scoring import source_of


def record_of(
    data: SegmentationData,
    plan: Plan,
    count: int,
    settings: RobustnessSettings,
    networks: Sequence[Network],
) -> dict[str, Any]:
    """Return what ``robustness.json`` holds; docs/robustness.md describes it."""
    left_out = [name for name in CORRUPTIONS.names() if name not in fitting(data.events)]
    return {
        "format": FORMAT,
        "version": __version__,
        "data": {
            "name": data.name,
            "source": source_of(data),
            "num_test": len(data.test),
            "num_images": count,
            "events": None if data.events is None else asdict(data.events),
        },
        "seed": settings.seed,
        "constant": _constant(networks[0].found[None], data),
        "corruptions": [_described(name, levels) for name, levels in plan.items()],
        "notes": [*_footing(networks), *_left_out(left_out, settings, data)],
        "networks": [network.record | _scores(network, plan) for network in networks],
    }


def _described(name: str, levels: tuple[float, ...]) -> dict[str, Any]:
    corruption = CORRUPTIONS.get(name)
    words = {"name": name, "title": corruption.title, "unit": corruption.unit}
    return words | {"clean": corruption.clean, "levels": list(levels)}


def _scores(network: Network, plan: Plan) -> dict[str, Any]:
    def scores(matrix: ConfusionMatrix) -> dict[str, Any]:
        values = {"miou": matrix.miou, "pixel_accuracy": matrix.pixel_accuracy}
        return values | {"iou": list(matrix.iou)}

    return {
        "scores": {"clean": scores(network.found[None])}
        | {
            name: [scores(network.found[name, lv]) for lv in levels]
            for name, levels in plan.items()
        }
    }


def _constant(matrix: ConfusionMatrix, data: SegmentationData) -> dict[str, Any]:
    """Return the mIoU of the most frequent class everywhere: what no corruption takes away."""
    truth = matrix.counts.sum(axis=1)
    best = int(truth.argmax())
    miou = float(truth[best] / truth.sum() / np.count_nonzero(truth))
    return {"class": data.class_names[best], "miou": miou}


def _footing(networks: Sequence[Network]) -> list[str]:
    """Say whether training made some networks more used to corrupted images than others."""
    trained = {n.record["run"]: n.record["training"] for n in networks}
    notes = []
    for name in NOISES:
        values = {run: settings[name] for run, settings in trained.items()}
        if len(set(values.values())) > 1:
            each = ", ".join(f"{value:g} in {run}" for run, value in values.items())
            notes.append(
                f"Not on equal footing: training.augmentation.{name} was {each}. A network that "
                "was trained with more of it is more used to corrupted images."
            )
    return notes


def _left_out(
    names: Sequence[str], settings: RobustnessSettings, data: SegmentationData
) -> list[str]:
    if settings.corruptions is not None or not names:
        return []
    kind = "photographs" if data.events is None else "images of events"
    return [f"Left out, since they do not fit {kind}: {', '.join(names)}."]
