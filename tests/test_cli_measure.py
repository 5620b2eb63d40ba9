"""``spikeseg measure``: what it writes and prints, and what it refuses."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from conftest import Answer
from spikeseg.exporters.onnx import OnnxNetwork
from spikeseg.files import read_json, sha256
from spikeseg.meters import find_rapl
from spikeseg.runs import load_network
from spikeseg.runs.host import measuring
from spikeseg.runs.host.machine import processor_name
from test_cli_emulate import refused
from test_meters_rapl import spend, zone

Call = Callable[..., Answer]
SHORT = ("--seconds", 0.001, "--repeats", 2, "--batches", 1, 3, "--threads", 1, "--device", "cpu")
KINDS = {
    ("dense", "torch", "float32"),
    ("dense", "onnxruntime", "float32"),
    ("dense", "onnxruntime", "int8"),
    ("spiking", "torch", "float32"),
    ("chip", "spikeseg", "integer"),
}


def kind(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["network"], row["engine"], row["precision"]


@pytest.fixture
def no_counters(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without counters, whatever this one has."""
    root = tmp_path / "powercap"
    monkeypatch.setattr(measuring, "find_rapl", lambda: find_rapl(root))
    return root


def test_every_network_is_measured_with_every_batch(
    spikeseg: Call, chip_copy: Path, no_counters: Path
) -> None:
    answer = spikeseg("measure", chip_copy, *SHORT, "--json")
    assert (answer.code, answer.err) == (0, "")
    found = read_json(chip_copy / "host.json")
    assert answer.json == found
    assert {(kind(row), row["batch"]) for row in found["rows"]} == {
        (k, batch) for k in KINDS for batch in (1, 3)
    }
    for row in found["rows"]:
        each = [w["seconds"] / w["calls"] / row["batch"] for w in row["windows"]]
        assert len(each) == 2
        assert row["seconds_per_image"]["mean"] == pytest.approx(np.mean(each))
        assert row["seconds_per_image"]["std"] == pytest.approx(np.std(each, ddof=1))
        assert row["energy"]["rapl"].startswith("not measurable here: ")
        assert row["idle_windows"] == []
    assert found["made_from"] == sha256(chip_copy / "network.safetensors")
    assert found["settings"]["size"] == [64, 64]
    assert found["machine"]["threads"] == 1
    assert found["machine"]["processor"]
    assert found["machine"]["versions"]["torch"] == torch.__version__
    steps = {row["network"]: row["num_steps"] for row in found["rows"]}
    assert steps == {"dense": None, "spiking": 8, "chip": 12}
    trained = load_network(chip_copy / "network.safetensors").network
    image = torch.rand(1, 1, 32, 48)
    with torch.inference_mode():
        expected = trained(image).numpy()
    given = OnnxNetwork(chip_copy / "network.onnx")(image.numpy())
    np.testing.assert_allclose(given, expected, atol=1e-4)


def test_counters_that_are_there_are_read_and_idle_is_shown(
    spikeseg: Call, run_copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = zone(tmp_path / "powercap", "intel-rapl:0", "package-0", 0)
    meter = find_rapl(path.parent)
    read = type(meter).read

    def ticking(self: object) -> tuple[int, ...]:
        spend(path, 1_500_000)  # every reading finds 1.5 J more
        return read(self)

    monkeypatch.setattr(type(meter), "read", ticking)
    monkeypatch.setattr(measuring, "find_rapl", lambda: meter)
    monkeypatch.setitem(sys.modules, "onnx", None)
    answer = spikeseg("measure", run_copy, *SHORT)
    assert answer.code == 0
    rows = read_json(run_copy / "host.json")["rows"]
    for row in (r for r in rows if "windows" in r):
        assert [w["joules"] for w in row["windows"] + row["idle_windows"]] == [[1.5]] * 4
        energy = row["energy"]["rapl"]
        each = [1.5 / w["calls"] / row["batch"] for w in row["windows"]]
        assert energy["joules_per_image"]["mean"] == pytest.approx(np.mean(each))
        watts = [1.5 / w["seconds"] for w in row["idle_windows"]]
        assert energy["idle_watts"]["mean"] == pytest.approx(np.mean(watts))
    assert "package-0" in answer.out
    assert "pip install 'spikeseg[onnx]'" in answer.out
    absent = {kind(r): r["not_measured"] for r in rows if "not_measured" in r}
    assert set(absent) == {k for k in KINDS if k[1] == "onnxruntime" or k[0] == "chip"}
    assert "spikeseg compile" in absent["chip", "spikeseg", "integer"]


def test_another_size_is_measured_but_not_of_a_program_made_for_one(
    spikeseg: Call, chip_copy: Path, no_counters: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    answer = spikeseg("measure", chip_copy, *SHORT, "--size", 96, 34, "--json")
    assert answer.code == 0
    assert answer.json["settings"]["size"] == [96, 34]
    rows = {kind(row): row for row in answer.json["rows"]}
    chip = rows["chip", "spikeseg", "integer"]
    assert "64 x 64 pixels only" in chip["not_measured"]
    assert "windows" in rows["dense", "torch", "float32"]


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--seconds", 0], ["seconds is 0", "longer than 0"]),
        (["--repeats", 0], ["repeats is 0", "at least 1"]),
        (["--batches", 1, 0], ["batches is [1, 0]", "from 1 up"]),
        (["--batches", 2, 2], ["batches is [2, 2]", "different"]),
        (["--batches", "many"], ["batches", "many"]),
        (["--threads", 0], ["threads is 0"]),
        (["--threads", 10**6], ["threads is 1000000"]),
        (["--size", 63, 64], ["size is 63 x 64", "multiples of 2", "64 x 64"]),
        (["--size", 0, 64], ["size is 0 x 64", "2 x 64"]),
        (["--secunds", 1], ["'--secunds'", "did you mean '--seconds'"]),
    ],
)
def test_wrong_options_are_one_clear_error_and_nothing_is_written(
    spikeseg: Call, run_copy: Path, options: list[object], parts: list[str]
) -> None:
    refused(spikeseg("measure", run_copy, "--device", "cpu", *options), *parts)
    assert not (run_copy / "host.json").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_refused(spikeseg: Call, run_copy: Path) -> None:
    refused(spikeseg("measure", run_copy, "--device", "cuda"), "torch finds no GPU")


@pytest.mark.parametrize(
    ("name", "verb"), [("network.safetensors", "train"), ("graph.npz", "convert")]
)
def test_a_missing_stage_is_named(spikeseg: Call, run_copy: Path, name: str, verb: str) -> None:
    (run_copy / name).unlink()
    refused(spikeseg("measure", run_copy), f"has no {name}; `spikeseg {verb}` writes it")


def test_the_processor_s_name_is_that_of_the_system(tmp_path: Path) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text("processor\t: 0\nmodel name\t: Fast 3000\nprocessor\t: 1\nmodel name\t: B\n")
    assert processor_name(file) == "Fast 3000"
    assert processor_name(tmp_path / "absent")
