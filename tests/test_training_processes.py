"""Two processes under torchrun train what one does with the doubled batch."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file

SETTINGS: dict[str, Any] = {
    "data": {"name": "cells", "num_images": 4, "image_size": 64, "seed": 1, "test": "3-3"},
    "training": {
        "epochs": 1,
        "steps_per_epoch": 2,
        "batch_size": 2,
        "crop": 32,
        "learning_rate": 1e-3,
    },
    "evaluation": {"crop": 32},
    "device": "cpu",
}


def train(folder: Path, processes: int, spiking: dict[str, Any], **training: Any) -> Any:
    """Start the training; return the process when it has ended."""
    settings = SETTINGS | {
        "network": {"name": "unet", "depth": 1, "width": 2, "spiking": {"num_steps": 2} | spiking},
        "training": SETTINGS["training"] | {"batch_size": 4 // processes} | training,
    }
    return start("train", folder, processes, settings)


def start(verb: str, folder: Path, processes: int, settings: dict[str, Any]) -> Any:
    folder.mkdir()
    (folder / "settings.yaml").write_text(yaml.safe_dump(settings))
    command = [sys.executable, "-m"]
    if processes > 1:
        command += ["torch.distributed.run", "--standalone", f"--nproc_per_node={processes}", "-m"]
    command += ["spikeseg", verb, str(folder / "settings.yaml"), "--out", str(folder / "run")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.parametrize(
    ("spiking", "training"),
    [({}, {}), ({"norm": "bntt"}, {}), ({}, {"online": True}), ({}, {"recompute": True})],
    ids=str,
)
def test_two_processes_train_what_one_does_with_the_doubled_batch(
    tmp_path: Path, spiking: dict[str, Any], training: dict[str, Any]
) -> None:
    for processes in (1, 2):
        done = train(tmp_path / str(processes), processes, spiking, **training)
        assert done.returncode == 0, done.stderr[-2000:]
    one, two = (tmp_path / str(n) / "run" for n in (1, 2))
    assert sorted(f.name for f in two.iterdir()) == sorted(f.name for f in one.iterdir())
    expected, found = (load_file(f / "network.safetensors") for f in (one, two))
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-3, atol=1e-5, msg=name)


def test_a_comparison_of_two_trainings_is_for_one_process(tmp_path: Path) -> None:
    settings = SETTINGS | {"compare_without_regularizer": True}
    done = start("run", tmp_path / "two", 2, settings)
    assert done.returncode != 0
    assert "compare_without_regularizer is set, and several processes" in done.stderr
    assert not (tmp_path / "two" / "run" / "network.safetensors").exists()
