"""Training: the loss falls, options do what they say, batches do not depend on workers."""

import csv
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from spikeseg.config import (
    ActivationConfig,
    DataConfig,
    NetworkConfig,
    RegularizerConfig,
    TrainingConfig,
)
from spikeseg.data import Sample, SegmentationData, load
from spikeseg.errors import ConfigError
from spikeseg.networks import make_network
from spikeseg.training import TrainingResult, fit
from spikeseg.training.module import SegmentationTraining

SHORT = TrainingConfig(epochs=2, steps_per_epoch=3, batch_size=2, crop=32, learning_rate=0.02)


@pytest.fixture(scope="module")
def cells() -> SegmentationData:
    return load(DataConfig(num_images=4, image_size=64, seed=2))


def untrained(activation: str = "relu", unit_rate_hz: float = 50.0) -> nn.Module:
    torch.manual_seed(0)
    config = NetworkConfig(
        depth=1, width=4, dropout=0.1, activation=ActivationConfig(activation, unit_rate_hz)
    )
    return make_network(config, in_channels=1, num_classes=2)


def history(folder: Path) -> list[dict[str, float]]:
    with open(folder / "history.csv") as file:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]


def trained(
    data: SegmentationData, folder: Path, config: TrainingConfig = SHORT, **options: Any
) -> tuple[nn.Module, TrainingResult]:
    network = untrained()
    return network, fit(network, data, config, folder=folder, **options)


def same_weights(first: nn.Module, second: nn.Module) -> bool:
    a, b = first.state_dict(), second.state_dict()
    return all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("activation", ["relu", "loihi_relu"])
def test_the_loss_falls_and_cells_are_told_from_membranes(
    cells: SegmentationData, tmp_path: Path, activation: str
) -> None:
    network = untrained(activation)
    fit(
        network,
        cells,
        replace(SHORT, epochs=5, steps_per_epoch=12, batch_size=4, class_weights="balanced"),
        folder=tmp_path,
    )
    losses = [row["cross_entropy"] + row["dice_loss"] for row in history(tmp_path)]
    assert losses[-1] < 0.85 * losses[0]
    sample = cells.test[0]
    with torch.inference_mode():
        mask = network(torch.from_numpy(sample.image)[None]).argmax(1)[0].numpy()
    found = [np.mean(mask[sample.mask == k] == k) for k in (0, 1)]
    assert np.mean(found) > 0.65, "chance is 0.5"


def test_the_result_counts_what_was_done(cells: SegmentationData, tmp_path: Path) -> None:
    network, result = trained(cells, tmp_path)
    assert (result.steps, result.images) == (6, 12)
    assert result.num_parameters == sum(p.numel() for p in network.parameters())
    assert 0 <= result.data_share <= 1
    assert not network.training


def test_the_history_has_a_row_for_each_epoch(cells: SegmentationData, tmp_path: Path) -> None:
    trained(cells, tmp_path)
    rows = history(tmp_path)
    assert tuple(rows[0]) == (
        "step",
        "epoch",
        *SegmentationTraining.columns,
        "learning_rate",
        "data_share",
    )
    assert [row["epoch"] for row in rows] == [1, 2]
    assert [row["step"] for row in rows] == [3, 6]
    for row in rows:
        parts = row["cross_entropy"] + row["dice_loss"]
        assert row["loss"] == pytest.approx(parts, rel=1e-4)
        assert row["under_band"] + row["in_band"] + row["over_band"] == pytest.approx(1, abs=1e-4)


def test_the_regularizer_is_a_part_of_the_loss_with_its_weight(
    cells: SegmentationData, tmp_path: Path
) -> None:
    config = replace(SHORT, regularizer=RegularizerConfig(weight=0.3))
    trained(cells, tmp_path, config)
    for row in history(tmp_path):
        parts = row["cross_entropy"] + row["dice_loss"] + 0.3 * row["rate_loss"]
        assert row["loss"] == pytest.approx(parts, rel=1e-4)
        assert row["rate_loss"] > 0


def test_the_regularizer_moves_rates_towards_the_band(
    cells: SegmentationData, tmp_path: Path
) -> None:
    last = {}
    for weight in (0.0, 5.0):
        folder = tmp_path / str(weight)
        config = replace(SHORT, epochs=4, steps_per_epoch=8)
        config = replace(config, regularizer=RegularizerConfig(weight=weight))
        fit(untrained(unit_rate_hz=200.0), cells, config, folder=folder)
        last[weight] = history(folder)[-1]
    assert last[5.0]["rate_loss"] < 0.5 * last[0.0]["rate_loss"]
    assert last[5.0]["in_band"] > last[0.0]["in_band"]


def test_the_learning_rate_of_an_epoch_is_that_of_its_last_step(
    cells: SegmentationData, tmp_path: Path
) -> None:
    """One cycle by hand: a cosine up to the peak over 15 % of the steps, and one down."""
    trained(cells, tmp_path, replace(SHORT, epochs=4, steps_per_epoch=5))
    peak, low = SHORT.learning_rate, SHORT.learning_rate / 25
    rise, last = 0.15 * 20 - 1, 19

    def cosine(start: float, end: float, share: float) -> float:
        return end + (start - end) / 2 * (1 + math.cos(math.pi * share))

    expected = [
        cosine(low, peak, step / rise)
        if step <= rise
        else cosine(peak, low / 1e4, (step - rise) / (last - rise))
        for step in (4, 9, 14, 19)
    ]
    found = [row["learning_rate"] for row in history(tmp_path)]
    assert found == pytest.approx(expected, rel=1e-4)


def test_progress_is_told_after_every_step(cells: SegmentationData, tmp_path: Path) -> None:
    told: list[tuple[str, float, float, str]] = []

    def tell(task: str, done: float, total: float, note: str = "") -> None:
        told.append((task, done, total, note))

    trained(cells, tmp_path, progress=tell, task="learn")
    assert [t[:3] for t in told] == [("learn", i, 6) for i in range(1, 7)]
    assert told[0][3] == ""
    assert told[-1][3].startswith("loss ")


def test_one_seed_gives_one_training_and_another_another(
    cells: SegmentationData, tmp_path: Path
) -> None:
    first, second, other = (
        trained(cells, tmp_path / name, seed=seed)[0]
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert same_weights(first, second)
    assert not same_weights(first, other)


def test_the_weights_do_not_depend_on_the_number_of_workers(
    cells: SegmentationData, tmp_path: Path
) -> None:
    here, _ = trained(cells, tmp_path / "0")
    there, _ = trained(cells, tmp_path / "1", replace(SHORT, workers=1))
    assert same_weights(here, there)


def test_bfloat16_trains_float32_weights(cells: SegmentationData, tmp_path: Path) -> None:
    config = replace(SHORT, epochs=4, steps_per_epoch=8, batch_size=4)
    low, _ = trained(cells, tmp_path / "low", replace(config, precision="bfloat16"))
    full, _ = trained(cells, tmp_path / "full", config)
    assert {p.dtype for p in low.parameters()} == {torch.float32}
    assert not same_weights(low, full)
    losses = [row["loss"] for row in history(tmp_path / "low")]
    assert losses[-1] < 0.9 * losses[0]


def test_balanced_classes_make_the_rare_class_more_frequent(tmp_path: Path) -> None:
    """On images that are noise, a network can only learn how frequent the classes are."""
    rng = np.random.default_rng(0)
    samples = [
        Sample(
            f"noise {i}",
            rng.random((1, 48, 48), dtype=np.float32),
            (rng.random((48, 48)) < 0.1).astype(np.uint8),
        )
        for i in range(3)
    ]
    data = SegmentationData("noise", ("often", "rare"), 1, samples, samples[:1], "none")
    shares = []
    for weights in ("none", "balanced"):
        config = replace(SHORT, epochs=3, steps_per_epoch=12, dice_weight=0.0, learning_rate=0.1)
        network, _ = trained(data, tmp_path / weights, replace(config, class_weights=weights))
        with torch.inference_mode():
            logits = network(torch.from_numpy(samples[0].image)[None])
        shares.append(float(logits.softmax(1)[0, 1].mean()))
    assert shares[0] < 0.25
    assert 0.35 < shares[1] < 0.65


def test_a_training_that_diverges_is_stopped_and_said_so(
    cells: SegmentationData, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as caught:
        trained(cells, tmp_path, replace(SHORT, learning_rate=1e30))
    message = str(caught.value)
    assert "diverged" in message
    assert "training.learning_rate below 1e+30" in message
    assert "step" in message
    assert all(math.isfinite(v) for row in _rows(tmp_path) for v in row.values())


def _rows(folder: Path) -> list[dict[str, float]]:
    return history(folder) if (folder / "history.csv").exists() else []
