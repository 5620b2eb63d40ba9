"""A run is scored, and images are segmented, in the precision that is asked for; it is said."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikeseg.config import EvaluationConfig, NetworkConfig, RunConfig, SpikingConfig
from spikeseg.engine import choose_engine
from spikeseg.errors import ConfigError
from spikeseg.files import read_json
from spikeseg.images import read_page, write_masks


@pytest.mark.parametrize("precision", ["bfloat16", "int8"])
def test_an_evaluation_says_what_it_calculated_in(
    run_copy: Path, spikeseg: Any, precision: str
) -> None:
    before = read_json(run_copy / "metrics.json")["stages"]["snn"]
    assert before["precision"] == "float32"
    answer = spikeseg("evaluate", run_copy, "--precision", precision)
    assert answer.code == 0
    said = read_json(run_copy / "metrics.json")["stages"]["snn"]["engine"]
    assert said.startswith(choose_engine(precision).reason)
    assert f"Engine: {said}" in answer.out
    after = read_json(run_copy / "metrics.json")["stages"]["snn"]
    assert after["precision"] == precision
    assert abs(after["pixel_accuracy"] - before["pixel_accuracy"]) < 0.05


def test_masks_in_few_bits_are_nearly_those_of_float32(
    run_copy: Path, tmp_path: Path, spikeseg: Any
) -> None:
    stack = np.random.default_rng(0).integers(0, 256, (2, 32, 32)).astype(np.uint8)
    write_masks(tmp_path / "stack.tif", stack)
    masks = []
    for precision in ("float32", "int8"):
        out = tmp_path / f"{precision}.tif"
        words = ["segment", tmp_path / "stack.tif", "--model", run_copy, "--out", out]
        assert spikeseg(*words, "--precision", precision).code == 0
        masks.append(read_page(out, 1))
    assert np.mean(masks[0] == masks[1]) > 0.9


def test_a_network_trained_through_its_spikes_takes_no_other_precision() -> None:
    spiking = NetworkConfig(spiking=SpikingConfig())
    with pytest.raises(ConfigError, match=r"evaluation\.precision is int8, but a network that was"):
        RunConfig(network=spiking, evaluation=EvaluationConfig(precision="int8"))
