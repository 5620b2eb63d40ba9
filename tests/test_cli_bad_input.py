"""Bad input: one line that says what, where and what to do; exit code 2; nothing half-written."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from torch import nn

from conftest import Answer
from spikeseg.layers import make_activation
from spikeseg.networks import NETWORKS

Call = Callable[..., Answer]
RNG = np.random.default_rng(0)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A good folder of three images with masks, for a test to spoil."""
    root = tmp_path / "data"
    for kind in ("images", "masks"):
        (root / kind).mkdir(parents=True)
        for i in range(3):
            pixels = RNG.integers(0, 256, (64, 64), dtype=np.uint8)
            stored = pixels if kind == "images" else (pixels > 99).astype(np.uint8)
            tifffile.imwrite(root / kind / f"s{i}.tif", stored)
    return root


@pytest.fixture
def train_on(spikeseg: Call, tiny_yaml: Path, tmp_path: Path) -> Callable[[Path], Answer]:
    """Train on a folder; the run folder must not have come to be if it is refused."""

    def call(root: Path) -> Answer:
        out = tmp_path / "run"
        settings = ["data: {name: folder, root: " + str(root) + "}"]
        text = tiny_yaml.read_text().split("data:")
        before, after = text[0], text[1].partition("device:")
        path = tmp_path / "settings.yaml"
        path.write_text("\n".join([*settings, before, after[1] + after[2]]))
        answer = spikeseg("train", path, "--out", out, "--json")
        assert out.exists() == (answer.code == 0)
        return answer

    return call


def refused(answer: Answer, *parts: object) -> None:
    """Check that an answer is an error of one kind, with these parts in its message."""
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("spikeseg: error: ")
    assert "Traceback" not in answer.err
    for part in parts:
        assert str(part) in answer.err


def cut(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def test_good_data_are_taken(data: Path, train_on: Callable[[Path], Answer]) -> None:
    answer = train_on(data)
    assert (answer.code, answer.err) == (0, "")


def test_missing_masks_are_named(data: Path, train_on: Callable[[Path], Answer]) -> None:
    (data / "masks" / "s1.tif").unlink()
    refused(train_on(data), data, "without a mask", "s1", "Add or remove these files")


def test_a_missing_folder_of_masks_is_named(data: Path, train_on: Callable[[Path], Answer]) -> None:
    (data / "masks").rename(data / "labels")
    refused(train_on(data), "no folder masks/", "labels", "Put images into images/")


def test_unequal_sizes_are_named(data: Path, train_on: Callable[[Path], Answer]) -> None:
    tifffile.imwrite(data / "masks" / "s2.tif", np.ones((64, 63), np.uint8))
    refused(train_on(data), "s2.tif is 64 x 64 pixels", "64 x 63", "Export the mask")


def test_a_class_that_is_not_known_is_named(data: Path, train_on: Callable[[Path], Answer]) -> None:
    (data / "classes.txt").write_text("membrane\ncell\n")
    tifffile.imwrite(data / "masks" / "s1.tif", np.full((64, 64), 7, np.uint8))
    refused(train_on(data), "s1.tif", "7", "classes.txt")


def test_an_empty_folder_is_named(data: Path, train_on: Callable[[Path], Answer]) -> None:
    for image in (data / "images").iterdir():
        image.unlink()
    refused(train_on(data), data / "images", "holds no image")


def test_data_that_are_not_there_are_named(
    tmp_path: Path, train_on: Callable[[Path], Answer]
) -> None:
    refused(train_on(tmp_path / "gone"), tmp_path / "gone", "does not exist")


def test_a_truncated_tiff_among_the_data_is_named(
    data: Path, train_on: Callable[[Path], Answer]
) -> None:
    path = cut(data / "images" / "s1.tif")
    refused(train_on(data), path, "cannot be decoded", "Copy or export it again")


def test_images_smaller_than_the_crop_are_named(
    data: Path, train_on: Callable[[Path], Answer]
) -> None:
    for kind in ("images", "masks"):
        path = data / kind / "s0.tif"
        tifffile.imwrite(path, tifffile.imread(path)[:20])
    refused(train_on(data), "training.crop is 32", "20 x 64", "Set training.crop to 20")


@pytest.mark.parametrize("name", ["network.safetensors", "graph.npz", "config.json"])
@pytest.mark.parametrize("verb", ["evaluate", "segment"])
def test_a_damaged_file_of_a_run_is_named(
    spikeseg: Call, run_copy: Path, data: Path, tmp_path: Path, verb: str, name: str
) -> None:
    path, out = cut(run_copy / name), tmp_path / "out.tif"
    before = (run_copy / "metrics.json").read_bytes()
    if verb == "evaluate":
        answer = spikeseg("evaluate", run_copy)
    else:
        image = data / "images" / "s0.tif"
        answer = spikeseg("segment", image, "--model", run_copy, "--out", out)
    refused(answer, path)
    assert not out.exists()
    assert (run_copy / "metrics.json").read_bytes() == before


def test_a_damaged_checkpoint_is_named(spikeseg: Call, run_copy: Path, tiny_yaml: Path) -> None:
    path = cut(run_copy / "checkpoint.ckpt")
    before = (run_copy / "network.safetensors").read_bytes()
    answer = spikeseg("train", tiny_yaml, "--out", run_copy, "--resume", "--json")
    refused(answer, path, "train anew, without --resume")
    assert (run_copy / "network.safetensors").read_bytes() == before


@pytest.mark.parametrize("verb", ["convert", "evaluate", "report"])
def test_a_run_that_is_not_there_is_said_so(spikeseg: Call, tmp_path: Path, verb: str) -> None:
    refused(spikeseg(verb, tmp_path / "gone"), tmp_path / "gone", "`spikeseg run")
    assert not (tmp_path / "gone").exists()


def test_a_model_that_is_not_there_is_said_so(spikeseg: Call, tmp_path: Path, data: Path) -> None:
    image = data / "images" / "s0.tif"
    answer = spikeseg("segment", image, "--model", tmp_path / "gone", "--out", tmp_path / "m.tif")
    refused(answer, tmp_path / "gone", "network.safetensors")


def test_a_run_folder_that_exists_is_kept(spikeseg: Call, run_copy: Path, tiny_yaml: Path) -> None:
    before = sorted((f.name, f.stat().st_mtime_ns) for f in run_copy.iterdir())
    answer = spikeseg("run", tiny_yaml, "--out", run_copy, "--json")
    refused(answer, run_copy, "already holds a run", "--resume", "--overwrite")
    assert sorted((f.name, f.stat().st_mtime_ns) for f in run_copy.iterdir()) == before


def test_out_that_is_a_file_is_said_so(spikeseg: Call, tiny_yaml: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    answer = spikeseg("run", tiny_yaml, "--out", tmp_path / "file", "--json")
    refused(answer, tmp_path / "file", "is a file", "--out takes a folder")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_said_so(
    spikeseg: Call, tiny_yaml: Path, tmp_path: Path, finished_run: Path, data: Path
) -> None:
    answer = spikeseg("run", tiny_yaml, "--out", tmp_path / "run", "--device", "cuda", "--json")
    refused(answer, "device is 'cuda'", "'cpu' or 'auto'")
    assert not (tmp_path / "run").exists()
    image = data / "images" / "s0.tif"
    model = ("--model", finished_run, "--device", "cuda")
    refused(spikeseg("segment", image, *model, "--out", tmp_path / "m.tif"), "'cuda'")


class Leaky(nn.Module):
    """A network that trains but has no spiking counterpart."""

    def __init__(self, config: object, in_channels: int, num_classes: int, dt_ms: float) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, num_classes, 3, padding=1)
        self.neurons = make_activation("relu", 50.0, dt_ms)
        self.leak = nn.LeakyReLU(0.1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.leak(self.neurons(self.conv(x)))


def test_a_network_that_cannot_spike_is_refused_before_it_is_trained(
    spikeseg: Call, tiny_yaml: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(NETWORKS._members, "leaky", Leaky)
    out = tmp_path / "run"
    answer = spikeseg("run", tiny_yaml, "--out", out, "--network.name", "leaky", "--json")
    refused(answer, "layer leak", "the negative slope is 0.1", "train with ReLU")
    assert not out.exists()


def test_a_truncated_tiff_is_not_segmented(
    spikeseg: Call, finished_run: Path, data: Path, tmp_path: Path
) -> None:
    path, out = cut(data / "images" / "s1.tif"), tmp_path / "mask.tif"
    refused(spikeseg("segment", path, "--model", finished_run, "--out", out), path)
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--num_steps", 0], ["num_steps is 0", "at least 1"]),
        (["--stage", "ann", "--num_steps", 4], ["num_steps", "'ann'", "leave it out"]),
        (["--stage", "snnn"], ["stage", "snn"]),
        (["--tile", 100], ["the tile is 100", "--tile above 128"]),
        (["--out", "x.jpg"], ["x.jpg", ".png", ".tif"]),
        (["--indexes"], ["'--indexes'", "did you mean '--indices'"]),
    ],
)
def test_wrong_options_of_segment_are_refused(
    spikeseg: Call,
    finished_run: Path,
    data: Path,
    tmp_path: Path,
    options: list[object],
    parts: list[str],
) -> None:
    out, image = tmp_path / "m.tif", data / "images" / "s0.tif"
    answer = spikeseg("segment", image, "--model", finished_run, "--out", out, "--json", *options)
    refused(answer, *parts)
    assert not out.exists()


def test_a_colored_image_for_a_grey_network_is_refused(
    spikeseg: Call, finished_run: Path, tmp_path: Path
) -> None:
    image = tmp_path / "color.tif"
    tifffile.imwrite(image, np.zeros((40, 40, 3), np.uint8), photometric="rgb")
    answer = spikeseg("segment", image, "--model", finished_run, "--out", tmp_path / "m.tif")
    refused(answer, image, "(3, 40, 40)", "grey images", "Convert the image first")


def test_evaluating_with_no_steps_is_refused(spikeseg: Call, run_copy: Path) -> None:
    refused(spikeseg("evaluate", run_copy, "--num_steps", 0), "num_steps is 0", "at least 1")
