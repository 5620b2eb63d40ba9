"""Interruptions: Ctrl-C, a full disk, a damaged checkpoint; resuming is bit for bit the same."""

import csv
import errno
import os
import signal
from pathlib import Path

import pytest
import torch
from lightning.pytorch import Trainer
from torch import nn

from spikeseg.config import (
    DataConfig,
    NetworkConfig,
    RegularizerConfig,
    TrainingConfig,
)
from spikeseg.data import SegmentationData, load
from spikeseg.errors import CorruptFileError
from spikeseg.networks import make_network
from spikeseg.training import TrainingResult, fit

EPOCHS, STEPS = 4, 2
CONFIG = TrainingConfig(
    epochs=EPOCHS,
    steps_per_epoch=STEPS,
    batch_size=2,
    crop=32,
    learning_rate=0.02,
    regularizer=RegularizerConfig(weight=0.1),
)


@pytest.fixture(scope="module")
def cells() -> SegmentationData:
    return load(DataConfig(num_images=4, image_size=64, seed=2))


def untrained() -> nn.Module:
    torch.manual_seed(0)
    return make_network(NetworkConfig(depth=1, width=2, dropout=0.3), 1, 2)


@pytest.fixture(scope="module")
def unbroken(
    cells: SegmentationData, tmp_path_factory: pytest.TempPathFactory
) -> tuple[nn.Module, Path]:
    """A training without interruption: the network and its folder."""
    folder = tmp_path_factory.mktemp("unbroken")
    network = untrained()
    fit(network, cells, CONFIG, folder=folder)
    return network, folder


class CtrlC:
    """A progress callback in which the user presses Ctrl-C after some steps."""

    def __init__(self, after: int) -> None:
        self.after = after

    def __call__(self, task: str, done: float, total: float, note: str = "") -> None:
        if done == self.after:
            raise KeyboardInterrupt


def interrupted(cells: SegmentationData, folder: Path, after: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        fit(untrained(), cells, CONFIG, folder=folder, progress=CtrlC(after))


def resumed(cells: SegmentationData, folder: Path) -> tuple[nn.Module, TrainingResult]:
    network = untrained()
    return network, fit(network, cells, CONFIG, folder=folder, resume=True)


def rows(folder: Path) -> list[dict[str, str]]:
    """Return the history without the times, which differ."""
    with open(folder / "history.csv") as file:
        return [{k: v for k, v in r.items() if k != "data_share"} for r in csv.DictReader(file)]


def assert_as_unbroken(network: nn.Module, folder: Path, unbroken: tuple[nn.Module, Path]) -> None:
    found, expected = network.state_dict(), unbroken[0].state_dict()
    assert [name for name in expected if not torch.equal(found[name], expected[name])] == []
    assert rows(folder) == rows(unbroken[1])


@pytest.mark.parametrize("after", [2 * STEPS + 1, 3 * STEPS])
def test_a_resumed_training_is_bit_for_bit_the_unbroken_one(
    cells: SegmentationData, tmp_path: Path, unbroken: tuple[nn.Module, Path], after: int
) -> None:
    interrupted(cells, tmp_path, after)
    assert len(rows(tmp_path)) == 2, "it was interrupted in the third epoch"
    network, result = resumed(cells, tmp_path)
    assert result.steps == EPOCHS * STEPS
    assert_as_unbroken(network, tmp_path, unbroken)


def test_it_may_be_interrupted_more_than_once(
    cells: SegmentationData, tmp_path: Path, unbroken: tuple[nn.Module, Path]
) -> None:
    interrupted(cells, tmp_path, STEPS + 1)
    with pytest.raises(KeyboardInterrupt):
        fit(
            untrained(),
            cells,
            CONFIG,
            folder=tmp_path,
            resume=True,
            progress=CtrlC(3 * STEPS + 1),
        )
    assert len(rows(tmp_path)) == 3
    network, _ = resumed(cells, tmp_path)
    assert_as_unbroken(network, tmp_path, unbroken)


def test_a_training_that_had_finished_has_nothing_left_to_do(
    cells: SegmentationData, tmp_path: Path, unbroken: tuple[nn.Module, Path]
) -> None:
    fit(untrained(), cells, CONFIG, folder=tmp_path)
    network, result = resumed(cells, tmp_path)
    assert result.steps == EPOCHS * STEPS
    assert_as_unbroken(network, tmp_path, unbroken)


def test_after_ctrl_c_a_second_ctrl_c_still_works(cells: SegmentationData, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    interrupted(cells, tmp_path, 1)
    assert signal.getsignal(signal.SIGINT) is before
    assert before not in (signal.SIG_IGN, None)


def test_a_signal_from_the_keyboard_is_the_same_as_ctrl_c(
    cells: SegmentationData, tmp_path: Path
) -> None:
    def press(task: str, done: float, total: float, note: str = "") -> None:
        if done == STEPS + 1:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        fit(untrained(), cells, CONFIG, folder=tmp_path, progress=press)
    assert (tmp_path / "checkpoint.ckpt").is_file()


def test_another_error_in_training_comes_out_as_it_is(
    cells: SegmentationData, tmp_path: Path
) -> None:
    def fail(task: str, done: float, total: float, note: str = "") -> None:
        raise ZeroDivisionError("told")

    with pytest.raises(ZeroDivisionError, match="told"):
        fit(untrained(), cells, CONFIG, folder=tmp_path, progress=fail)


def test_a_full_disk_leaves_the_last_checkpoint_and_no_other_file(
    cells: SegmentationData,
    tmp_path: Path,
    unbroken: tuple[nn.Module, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    save = Trainer.save_checkpoint
    written = []

    def save_twice(self: Trainer, path: Path, *args: object) -> None:
        if len(written) == 2:
            Path(path).write_bytes(b"half of a checkpoint")
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        written.append(path)
        save(self, path, *args)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "save_checkpoint", save_twice)
        with pytest.raises(OSError, match="No space left"):
            fit(untrained(), cells, CONFIG, folder=tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["checkpoint.ckpt", "history.csv"]
    network, _ = resumed(cells, tmp_path)
    assert_as_unbroken(network, tmp_path, unbroken)


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "other"])
def test_a_damaged_checkpoint_is_called_so_with_its_path(
    cells: SegmentationData, tmp_path: Path, damage: str
) -> None:
    interrupted(cells, tmp_path, STEPS + 1)
    path = tmp_path / "checkpoint.ckpt"
    whole = path.read_bytes()
    if damage == "other":
        torch.save({"epoch": 1}, path)
    else:
        path.write_bytes({"cut": whole[: len(whole) // 2], "empty": b"", "text": b"hi"}[damage])
    with pytest.raises(CorruptFileError) as caught:
        resumed(cells, tmp_path)
    assert str(path) in str(caught.value)
    assert "train anew, without --resume" in str(caught.value)
