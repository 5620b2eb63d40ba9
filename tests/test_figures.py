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
TWO = json.loads((ROOT / "results/two-chips.json").read_text("utf-8"))["summary"]
PLACEMENT = json.loads((ROOT / "results/placement.json").read_text("utf-8"))["summary"]
KIM_RESULT = json.loads((ROOT / "results/kim2022.json").read_text("utf-8"))
KIM = KIM_RESULT["summary"]
SPEED = json.loads((ROOT / "results/training.json").read_text("utf-8"))["summary"]
ISA = json.loads((ROOT / "results/isa.json").read_text("utf-8"))["rows"]
README = (ROOT / "README.md").read_text("utf-8")


def cells_of(label: str) -> list[float]:
    """Return the numbers in the row of the ISBI table that begins with ``label``."""
    row = re.search(rf"^\| {re.escape(label)} \|(.*)\|$", README, re.MULTILINE)
    assert row is not None, f"README.md has no row {label!r}"
    return [float(cell.strip(" %")) for cell in row[1].split("|") if cell.strip()]


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


@pytest.mark.parametrize(
    ("label", "key"),
    [("pixel accuracy", "pixel_accuracy"), ("mIoU", "miou"), ("V^Rand", "v_rand")],
)
def test_the_scores_on_two_chips_are_those_of_the_result_file(label: str, key: str) -> None:
    values = [TWO["two-chips"][stage][key] for stage in ("ann", "chip")]
    assert cells_of(f"two chips: {label}") == pytest.approx(values, abs=5e-5)


def test_two_chips_keep_what_was_asked_of_them() -> None:
    run = TWO["two-chips"]
    assert run["chip"]["pixel_accuracy"] >= max(0.9213, run["ann"]["pixel_accuracy"] - 0.005)
    assert (run["chips"], run["cores"]) == (2, 256)
    assert abs(run["neurons"] / 238_000 - 1) <= 0.01
    assert sum(run["chip"]["overflows"].values()) == 0
    words = " ".join(README.split())
    assert f"{run['neurons']:,} neurons on {run['cores']} cores" in words
    operations, macs = run["counts"]["synaptic_operations"], run["dense_macs"]
    assert f"{operations / 1e6:.1f} million synaptic operations" in words
    assert f"{macs / 1e6:.1f} million multiply-accumulates" in words


@pytest.mark.parametrize(
    ("label", "table", "unit"),
    [
        ("Davies et al. 2018 (Loihi)", "davies2018", 1e-3),
        ("SANA-FE's Loihi", "sanafe_loihi", 1e-3),
        ("45 nm, arithmetic only", "horowitz45", 1e-6),
        ("45 nm, with memory of 32 KB", "horowitz45_memory", 1e-6),
        ("Lemaire et al. 2022", "lemaire2022", 1e-3),
    ],
)
def test_the_energies_are_those_of_the_result_file(label: str, table: str, unit: float) -> None:
    account = TWO["two-chips"]["tables"][table]
    row = re.search(rf"^\| {re.escape(label)} \|(.*)\|$", README, re.MULTILINE)
    assert row is not None
    energy, against, _ = row[1].split("|")
    found = [float(word) for word in re.findall(r"[\d.]+", energy)]
    told = [account["joules"][end] / unit for end in ("value", "low", "high")]
    assert found == pytest.approx(told, rel=5e-3)
    int8 = next(v for name, v in account["rivals"].items() if name.startswith("int8"))
    assert int8["outcome"] in against
    if int8["outcome"] == "loses":
        assert float(against.split()[-1]) == pytest.approx(1 / int8["factor"], rel=2e-2)


def test_the_bands_differ_as_readme_says() -> None:
    low, high = TWO["two-chips"]["curve"], TWO["band-100-400"]["curve"]
    last = [curve[-1] for curve in (low, high)]
    assert last[0]["num_steps"] == last[1]["num_steps"] == 64
    operations = last[1]["synaptic_operations"] / last[0]["synaptic_operations"]
    energy = last[1]["totals"]["davies2018"]["value"] / last[0]["totals"]["davies2018"]["value"]
    words = " ".join(README.split())
    assert f"{operations:.2f} times the operations and {energy:.2f} times the energy" in words
    early = [next(p for p in curve if p["num_steps"] == 32) for curve in (high, low)]
    few = " against ".join(f"{point['pixel_accuracy']:.3f}" for point in early)
    assert f"({few} after 32), not in 64 ({last[1]['pixel_accuracy']:.4f})" in words


def test_the_placement_keeps_what_was_asked_of_it() -> None:
    for case, found in PLACEMENT.items():
        assert found["to_greedy_interchip"] <= 0.75, case
    two = PLACEMENT["unet-76"]
    assert two["to_round_robin"] <= 0.6
    words = " ".join(README.split())
    assert f"{two['to_greedy_interchip']:.2f} times those of nengo-loihi's" in words
    assert f"{two['to_round_robin']:.2f} times those of `round_robin`" in words


DIRECT_ROWS = {
    "digits on photographs": "cifar-mnist",
    "events of moving shapes": "moving-shapes",
    "VOC2012 subset": "voc2012",
}
CONVERSIONS = ("layer-wise maximum", "channel-wise maximum", "our recipe")


@pytest.mark.parametrize("label", DIRECT_ROWS)
def test_the_scores_of_direct_training_are_those_of_the_result_file(label: str) -> None:
    found = KIM[DIRECT_ROWS[label]]
    direct = found["direct"]
    converted = [direct["converted"][f"converted, {name}"] for name in CONVERSIONS]
    values = [found["ann"], direct["miou"], direct["num_steps"], *converted]
    assert cells_of(f"directly: {label}") == pytest.approx(values, abs=5e-5)


def test_direct_training_keeps_what_was_asked_of_it() -> None:
    digits, shapes = KIM["cifar-mnist"], KIM["moving-shapes"]["direct"]
    direct = digits["direct"]
    assert direct["num_steps"] <= 8
    assert direct["miou"] >= digits["ann"] - 0.02
    assert direct["miou"] > max(direct["converted"].values())
    assert direct["converted_steps"] == direct["num_steps"]
    assert shapes["miou"] > KIM["summed-frames"]["ann"]
    starts = [KIM_RESULT["sets"][name]["card"]["direct_start"] for name in DIRECT_ROWS.values()]
    assert starts == ["random"] * 3
    assert f"{KIM['summed-frames']['ann']:.4f}" in README


SPEED_ROWS = {
    "ours to theirs: training step, fastest peer": "train_vs_fastest_peer",
    "ours to theirs: training step in float32, fastest peer as it comes": "train_vs_stock_peers",
    "ours to theirs: training step, one of the dense network in float32": "train_vs_dense_ann",
    "ours to theirs: inference, fastest peer": "infer_vs_fastest_peer",
    "ours to theirs: inference, OpenVINO": "infer_vs_openvino",
    "ours to theirs: inference, one of the dense network in float32": "infer_vs_dense_ann",
    "ours to theirs: memory of a training step, leanest peer": "memory_vs_leanest_peer",
}


SPEED_CASES = ("batch 4, threads 2", "batch 1, threads 1", "batch 1, threads 2")


@pytest.mark.parametrize("label", SPEED_ROWS)
def test_the_speeds_are_those_of_the_result_file(label: str) -> None:
    four, eight = (SPEED[steps][SPEED_ROWS[label]] for steps in ("4", "8"))
    cases = [four["others"][name] for name in SPEED_CASES] if "others" in four else []
    values = [found["ratio"] for found in (four, eight, *cases)]
    assert cells_of(label) == pytest.approx(values, abs=5e-3)


def test_the_engine_keeps_what_was_asked_of_it() -> None:
    limits = {"train_vs_fastest_peer": 0.65, "train_vs_stock_peers": 0.5}
    limits |= {"infer_vs_fastest_peer": 0.5, "memory_vs_leanest_peer": 0.3}
    for found in (SPEED["4"], SPEED["8"]):
        assert all(found[name]["ratio"] <= most for name, most in limits.items())
    assert SPEED["4"]["infer_vs_openvino"]["each"]["openvino bf16"] <= 0.75
    assert SPEED["4"]["infer_vs_dense_ann"]["ratio"] < 1


def test_what_is_picked_with_fewer_instructions_is_never_slower_than_the_naive_loop() -> None:
    ratios = [found["ratio"] for row in ISA for key, found in row.items() if key != "isa"]
    assert len(ratios) == 4 * len(ISA)
    assert max(ratios) < 1
