"""The benchmark of training: who is timed when, the figures on made-up times."""

import time
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks.training.ours import OURS, mode_of
from benchmarks.training.picture import draw
from benchmarks.training.rounds import ratio, run_rounds, turns
from benchmarks.training.summarize import summarize

KINDS = {
    "naive loop": "naive",
    "snntorch": "stock",
    "norse": "stock",
    "snntorch, compiled": "best",
    "dense fp32": "dense",
    "dense bf16": "dense",
    "openvino bf16": "openvino",
    "openvino int8": "openvino",
}
KEYS = [
    "train_vs_fastest_peer",
    "infer_vs_fastest_peer",
    "train_vs_stock_peers",
    "infer_vs_openvino",
    "train_vs_dense_ann",
    "infer_vs_dense_ann",
    "memory_vs_leanest_peer",
]


def cell(mode: str, times: dict[str, float], batch: int = 4, threads: int = 1) -> dict[str, Any]:
    """Return a cell in which the machine gets slower from round to round, for all alike."""
    rows = {
        name: {
            "kind": KINDS.get(name, "ours"),
            "warm_up_s": 1.0,
            "cpu_ms": [t, 2 * t, 3 * t],
            "wall_ms": [10 * t, 20 * t, 30 * t] if name == "snntorch" else [t, 2 * t, 3 * t],
        }
        for name, t in times.items()
    }
    return {
        "case": f"{mode} {batch} {threads}",
        "mode": mode,
        "num_steps": 4,
        "batch": batch,
        "threads": threads,
        "contestants": rows,
    }


PEERS = {"naive loop": 100.0, "snntorch": 98.0, "norse": 96.0, "snntorch, compiled": 32.0}
TRAIN = PEERS | {"dense fp32": 16.0, "dense bf16": 7.0}
INFER = TRAIN | {"openvino bf16": 18.0, "openvino int8": 14.0}
OURS_TRAIN = {"ours train fp32": 48.0, "ours train bf16": 16.0}
OURS_INFER = {"ours infer bfloat16": 12.0, "ours infer int8": 7.0}
CELLS = [
    cell("train", TRAIN | OURS_TRAIN),
    cell("infer", INFER | OURS_INFER),
    cell("infer", INFER | {"ours infer int8": 28.0}, threads=2),
]
MEMORIES = [
    {
        "mode": mode,
        "num_steps": 4,
        "contestants": {
            name: {"kind": KINDS.get(name, "ours"), "mib": mib} for name, mib in sizes.items()
        },
    }
    for mode, sizes in (
        (
            "train",
            {"naive loop": 600.0, "snntorch": 660.0, "norse": 690.0, "ours train bf16": 165.0},
        ),
        ("infer", {"naive loop": 240.0, "snntorch": 100.0, "ours infer float32": 15.0}),
    )
]


def test_each_round_begins_with_the_next_contestant() -> None:
    assert turns(["a", "b"], 3) == [["a", "b"], ["b", "a"], ["a", "b"]]


def test_an_untimed_step_stands_before_each_timed_run_and_all_take_turns() -> None:
    calls: list[str] = []
    rows: dict[str, Any] = {name: {"cpu_ms": [], "wall_ms": []} for name in "ab"}

    def slow(name: str) -> Any:
        def step() -> torch.Tensor:
            calls.append(name)
            time.sleep(0.01)
            return torch.zeros(())

        return step

    run_rounds({name: slow(name) for name in "ab"}, rows, 2, at_least_s=0)
    assert "".join(calls) == "aabbbbaa"
    assert [len(rows[name]["cpu_ms"]) for name in "ab"] == [2, 2]
    assert min(rows["a"]["wall_ms"]) >= 10 > max(rows["a"]["cpu_ms"])


def test_ratios_are_taken_within_a_round() -> None:
    made = cell("train", {"naive loop": 10.0, "norse": 8.0})
    made["contestants"]["norse"]["cpu_ms"][1] = 1000.0  # one round was disturbed
    assert ratio(made, "norse", "naive loop") == pytest.approx(0.8)


def test_on_two_threads_the_wall_clock_counts() -> None:
    made = cell("train", {"naive loop": 1.0, "snntorch": 1.0}, threads=2)
    assert ratio(made, "snntorch", "naive loop") == pytest.approx(10)


def test_the_summary_has_the_figures_and_no_others() -> None:
    found = summarize(CELLS, MEMORIES)
    assert set(found) == {"4", "absent"}
    assert list(found["4"]) == KEYS


@pytest.mark.parametrize(
    ("key", "expected", "ours", "rival"),
    [
        ("train_vs_fastest_peer", 16 / 32, "ours train bf16", "snntorch, compiled"),
        ("infer_vs_fastest_peer", 7 / 32, "ours infer int8", "snntorch, compiled"),
        ("train_vs_stock_peers", 48 / 96, "ours train fp32", "norse"),
        ("infer_vs_openvino", 7 / 14, "ours infer int8", "openvino int8"),
        ("train_vs_dense_ann", 16 / 16, "ours train bf16", "dense fp32"),
        ("infer_vs_dense_ann", 7 / 16, "ours infer int8", "dense fp32"),
        ("memory_vs_leanest_peer", 165 / 660, "ours train bf16", "snntorch"),
    ],
)
def test_a_figure_is_our_best_against_the_hardest_rival(
    key: str, expected: float, ours: str, rival: str
) -> None:
    found = summarize(CELLS, MEMORIES)["4"][key]
    assert found["ratio"] == pytest.approx(expected)
    assert (found["ours"], found["rival"]) == (ours, rival)


def test_other_cases_and_memory_of_inference_stand_beside_the_figure() -> None:
    found = summarize(CELLS, MEMORIES)["4"]
    other = found["infer_vs_openvino"]["others"]["batch 4, threads 2"]
    assert other["ratio"] == pytest.approx(28 / 14)
    assert found["memory_vs_leanest_peer"]["infer"]["ratio"] == pytest.approx(0.15)
    assert found["infer_vs_openvino"]["each"]["openvino bf16"] == pytest.approx(7 / 18)


def test_without_our_entries_figures_are_none_and_the_absent_are_named() -> None:
    found = summarize([cell("train", TRAIN), cell("infer", INFER)], [])
    assert set(found["4"].values()) == {None}
    assert found["absent"] == list(OURS)


def test_only_the_absent_are_named() -> None:
    given = {"ours train fp32", "ours train bf16", "ours infer bfloat16", "ours infer int8"}
    given |= {"ours infer float32"}
    assert summarize(CELLS, MEMORIES)["absent"] == [n for n in OURS if n not in given]


def test_the_name_of_an_entry_says_its_mode() -> None:
    assert [mode_of(name) for name in OURS] == ["train"] * 4 + ["infer"] * 6


def test_the_picture_is_drawn(tmp_path: Path) -> None:
    draw(CELLS, MEMORIES, "naive loop", tmp_path / "training.png")
    assert (tmp_path / "training.png").read_bytes().startswith(b"\x89PNG")
