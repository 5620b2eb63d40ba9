"""What several files of tests share: a tiny run made through the front door, and the CLI."""

import json
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from spikeseg.cli import main

torch.set_num_threads(1)
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's "&" has it ignored

TINY: dict[str, Any] = {
    "data": {"name": "cells", "num_images": 5, "image_size": 64, "seed": 1, "test": "3-4"},
    "seed": 2,
    "network": {"depth": 1, "width": 3, "dropout": 0.1},
    "training": {
        "epochs": 2,
        "steps_per_epoch": 3,
        "batch_size": 4,
        "crop": 32,
        "learning_rate": 0.05,
        "class_weights": "balanced",
        "regularizer": {"weight": 0.1},
    },
    "conversion": {"calibration_images": 2},
    "evaluation": {"num_steps": 8, "crop": 32, "examples": 1},
    "device": "cpu",
    "compare_without_regularizer": True,
}
"""Settings of a run of a second; the tests that need others say which."""


@dataclass(frozen=True)
class Answer:
    """What a command gave back: its exit code, standard output and standard error."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def spikeseg(capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Run a command in process."""

    def call(*arguments: object) -> Answer:
        capsys.readouterr()
        code = main([str(a) for a in arguments])
        return Answer(code, *capsys.readouterr())

    return call


@pytest.fixture(scope="session")
def tiny_yaml(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A YAML file of tiny settings."""
    path = tmp_path_factory.mktemp("settings") / "tiny.yaml"
    path.write_text(yaml.safe_dump(TINY))
    return path


@pytest.fixture(scope="session")
def finished_run(tiny_yaml: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with every stage, not to be changed."""
    out = tmp_path_factory.mktemp("runs") / "tiny"
    assert main(["run", str(tiny_yaml), "--out", str(out), "--json"]) == 0
    return out


@pytest.fixture
def run_copy(finished_run: Path, tmp_path: Path) -> Path:
    """A run folder with every stage, free to be changed."""
    return Path(shutil.copytree(finished_run, tmp_path / "run"))


CHIP = ("--chip.num_steps", "12", "--chip.rounds", "1", "--chip.calibration_images", "2")
"""Options of `spikeseg compile` for a chip that is soon emulated."""


@pytest.fixture(scope="session")
def emulated_run(finished_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder that is compiled and emulated too, not to be changed."""
    out = Path(shutil.copytree(finished_run, tmp_path_factory.mktemp("chips") / "tiny"))
    assert main(["compile", str(out), *CHIP, "--json"]) == 0
    assert main(["emulate", str(out), "--json"]) == 0
    return out


@pytest.fixture
def chip_copy(emulated_run: Path, tmp_path: Path) -> Path:
    """A run folder that is compiled and emulated, free to be changed."""
    return Path(shutil.copytree(emulated_run, tmp_path / "chip"))
