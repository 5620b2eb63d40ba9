"""Accidents: a full disk and Ctrl-C leave what was finished, and say so."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from lightning.pytorch import Trainer
from PIL import Image

from conftest import Answer

Call = Callable[..., Answer]


def full(*args: object, **kwargs: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_said_with_what_to_do_and_the_run_goes_on_after(
    spikeseg: Call, tiny_yaml: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "save_checkpoint", full)
        answer = spikeseg("train", tiny_yaml, "--out", out, "--json")
    assert (answer.code, answer.out) == (2, "")
    assert "the disk is full" in answer.err
    assert "make room, then use --resume" in answer.err
    assert not (out / "network.safetensors").exists()
    assert not [f for f in os.listdir(out) if f.startswith(".")]
    assert spikeseg("train", tiny_yaml, "--out", out, "--resume", "--json").code == 0


@pytest.mark.parametrize("verb", ["convert", "evaluate", "report", "segment", "diagnose"])
def test_a_full_disk_leaves_the_old_files_of_every_verb(
    spikeseg: Call,
    run_copy: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    verb: str,
) -> None:
    before = {f.name: f.read_bytes() for f in run_copy.iterdir() if f.is_file()}
    picture, mask = tmp_path / "picture.png", tmp_path / "m.tif"
    Image.fromarray(np.zeros((20, 30), np.uint8)).save(picture)
    options = ["--model", run_copy, "--out", mask] if verb == "segment" else []
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        source = picture if verb == "segment" else run_copy
        answer = spikeseg(verb, source, *options, "--json")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("spikeseg: error: the disk is full")
    assert {f.name: f.read_bytes() for f in run_copy.iterdir() if f.is_file()} == before
    assert not mask.exists()


def test_ctrl_c_in_a_terminal_ends_with_130_and_a_checkpoint(
    tiny_yaml: Path, tmp_path: Path
) -> None:
    """In a process of its own, as a person does it."""
    out = tmp_path / "run"
    command = [sys.executable, "-m", "spikeseg", "train", str(tiny_yaml), "--out", str(out)]
    process = subprocess.Popen(
        [*command, "--training.epochs", "100000"], stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 120
    while not (out / "checkpoint.ckpt").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    try:
        _, err = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "interrupted; what was finished is kept" in err
    assert "Traceback" not in err
    stored = torch.load(out / "checkpoint.ckpt", weights_only=True)
    assert stored["epoch"] >= 0
