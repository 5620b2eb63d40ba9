"""The figures in README.md are those of the result files."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RESULT = json.loads((ROOT / "results/isbi-unet.json").read_text("utf-8"))
CONVERSION = json.loads((ROOT / "results/conversion.json").read_text("utf-8"))["summary"]
CHIP = json.loads((ROOT / "results/isbi-chip.json").read_text("utf-8"))["stages"]
EMULATOR = json.loads((ROOT / "results/emulator.json").read_text("utf-8"))["summary"]
README = (ROOT / "README.md").read_text("utf-8")


def cells_of(label: str) -> list[float]:
    """Return the numbers in the row of the ISBI table that begins with ``label``."""
    row = re.search(rf"^\| {re.escape(label)} \|(.*)\|$", README, re.MULTILINE)
    assert row is not None, f"README.md has no row {label!r}"
    return [float(cell.strip(" %")) for cell in row[1].split("|")]


def in_band(layers: list[dict[str, float]]) -> float:
    total = sum(layer["num_neurons"] for layer in layers)
    return sum(layer["in_band"] * layer["num_neurons"] for layer in layers) / total


@pytest.mark.parametrize(
    ("label", "key"),
    [("pixel accuracy", "pixel_accuracy"), ("mIoU", "miou"), ("V^Rand", "v_rand")],
)
def test_the_scores_on_isbi_are_those_of_the_result_file(label: str, key: str) -> None:
    stages, without = RESULT["stages"], RESULT["baseline"]["stages"]
    values = [s[stage][key] for s in (stages, without) for stage in ("ann", "snn")]
    assert cells_of(label) == pytest.approx(values, abs=5e-5)


def test_the_share_of_neurons_in_the_band_is_that_of_the_result_file() -> None:
    shares = [RESULT["rates_in_band"], in_band(RESULT["baseline"]["layers"])]
    assert cells_of("neurons in 50-200 Hz") == pytest.approx([100 * s for s in shares], abs=0.05)


def test_the_result_keeps_what_was_asked_of_it() -> None:
    stages = RESULT["stages"]
    assert stages["ann"]["pixel_accuracy"] >= 0.92
    assert stages["snn"]["pixel_accuracy"] >= stages["ann"]["pixel_accuracy"] - 0.005
    assert RESULT["rates_in_band"] >= 0.9


@pytest.mark.parametrize("steps", ["1", "2", "4", "8", "16", "32"])
def test_the_best_recipes_are_those_of_the_result_file(steps: str) -> None:
    sides = [CONVERSION[name]["best"][steps] for name in ("cells", "isbi2012")]
    values = [side[who]["miou"] for side in sides for who in ("spikeseg", "SpikingJelly")]
    assert cells_of(steps) == pytest.approx(values, abs=5e-5)


@pytest.mark.parametrize("name", ["cells", "isbi2012"])
def test_the_conversion_keeps_what_was_asked_of_it(name: str) -> None:
    found = CONVERSION[name]
    for best in found["best"].values():
        assert best["spikeseg"]["miou"] >= best["SpikingJelly"]["miou"]
    assert found["best"]["4"]["spikeseg"]["miou"] >= found["ann_miou"] - 0.01
    assert found["best"]["16"]["spikeseg"]["miou"] >= found["ann_miou"] - 0.003
    bar = found["at_the_accuracy_of_local_threshold_balancing_at_4_steps"]
    assert bar["share_of_the_operations"] <= 0.5
    label = {"cells": "cells", "isbi2012": "ISBI"}[name]
    told = f"{bar['share_of_the_operations']:.2f} ({label})"
    assert told in " ".join(README.split())


@pytest.mark.parametrize(
    ("label", "key"),
    [("pixel accuracy", "pixel_accuracy"), ("mIoU", "miou"), ("V^Rand", "v_rand")],
)
def test_the_scores_on_the_chip_are_those_of_the_result_file(label: str, key: str) -> None:
    values = [CHIP[stage][key] for stage in ("ann", "chip")]
    assert cells_of(f"chip: {label}") == pytest.approx(values, abs=5e-5)


def test_the_chip_keeps_what_was_asked_of_it() -> None:
    assert CHIP["chip"]["pixel_accuracy"] >= CHIP["ann"]["pixel_accuracy"] - 0.005
    assert CHIP["chip"]["num_steps"] <= 50
    assert sum(CHIP["chip"]["overflows"].values()) == 0


def test_what_the_chip_takes_is_that_of_the_result_file() -> None:
    chip = CHIP["chip"]
    more = chip["synaptic_operations_per_image"] / CHIP["ann"]["synaptic_operations_per_image"]
    assert f"{chip['cores']:,} cores, or {chip['chips']} chips" in README
    assert f"{chip['spikes_per_neuron']:.1f} spikes per neuron and {more:.1f} times" in README


def test_the_emulator_is_as_fast_as_was_asked() -> None:
    summary = EMULATOR
    assert summary["ratio_237k_5pct_1thread"] >= 400
    ours, peer = summary["ms_per_step"], summary["peer_ms_per_step"]
    assert f"takes {ours:.2f} ms a step on one thread, against {peer:.0f} ms" in README
    assert f"{summary['ratio_237k_5pct_1thread']:.0f} times as fast" in README
