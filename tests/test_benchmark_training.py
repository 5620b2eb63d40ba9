"""The benchmark of training: who is timed when, the figures on made-up times, the naive network."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks.training.equality import UnequalError, check_logits
from benchmarks.training.naive import NaiveNeuron
from benchmarks.training.network import CHANNELS, Dense, Merged, Outer, load
from benchmarks.training.ours import EXPECTED, mode_of
from benchmarks.training.picture import draw
from benchmarks.training.rounds import ratio, run_rounds, turns
from benchmarks.training.summarize import summarize
from benchmarks.training.task import blobs, stored_weights

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
OURS_INFER = {"ours infer bf16": 12.0, "ours infer int8": 7.0}
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
        ("infer", {"naive loop": 240.0, "snntorch": 100.0, "ours infer event": 15.0}),
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
    assert found["absent"] == list(EXPECTED)


def test_only_the_absent_are_named() -> None:
    given = {"ours train fp32", "ours train bf16", "ours infer bf16", "ours infer int8"}
    given |= {"ours infer event"}
    assert summarize(CELLS, MEMORIES)["absent"] == [n for n in EXPECTED if n not in given]


def test_the_name_of_an_entry_says_its_mode() -> None:
    assert [mode_of(name) for name in EXPECTED] == ["train"] * 4 + ["infer"] * 4


def test_the_picture_is_drawn(tmp_path: Path) -> None:
    draw(CELLS, MEMORIES, "naive loop", tmp_path / "training.png")
    assert (tmp_path / "training.png").read_bytes().startswith(b"\x89PNG")


def slow_logits(weights: dict[str, torch.Tensor], image: torch.Tensor, num_steps: int) -> Any:
    """Return logits of one image by loops over steps, taps and channels, in float64."""
    w = {name: value.double().numpy() for name, value in weights.items()}
    v: dict[str, Any] = {}
    total: Any = 0.0

    def block(name: str, x: Any) -> Any:
        _, out, stride = CHANNELS[name]
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
        h = np.zeros((out, x.shape[1] // stride, x.shape[2] // stride))
        for o in range(out):
            for i in range(3):
                for j in range(3):
                    window = padded[:, i : i + x.shape[1], j : j + x.shape[2]]
                    taps = w[f"convs.{name}.weight"][o, :, i, j]
                    h[o] += np.tensordot(taps, window[:, ::stride, ::stride], 1)
            mean, var = (w[f"norms.{name}.running_{key}"][o] for key in ("mean", "var"))
            gain, shift = w[f"norms.{name}.weight"][o], w[f"norms.{name}.bias"][o]
            h[o] = (h[o] - mean) / np.sqrt(var + 1e-5) * gain + shift
        h = h + v.get(name, 0.0) / 2
        v[name] = np.where(h >= 1, 0.0, h)
        return (h >= 1).astype(float)

    def up(x: Any) -> Any:
        return x.repeat(2, axis=1).repeat(2, axis=2)

    for _ in range(num_steps):
        e1 = block("c2", block("c1", image.double().numpy()))
        e2 = block("c3", block("d1", e1))
        u1 = block("u1", np.concatenate([up(block("c4", block("d2", e2))), e2]))
        u2 = block("u2", np.concatenate([up(u1), e1]))
        total = total + np.tensordot(w["head.weight"][:, :, 0, 0], u2, 1)
    return total / num_steps + w["head.bias"][:, None, None]


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    """Return weights without training, the statistics of the norms being those of some images."""
    torch.manual_seed(0)
    network = Merged(NaiveNeuron, 3)
    with torch.no_grad():
        for seed in range(20):
            network(blobs(4, 16, seed)[0])
    return network.state_dict()


def test_the_naive_network_is_the_slow_text(weights: dict[str, torch.Tensor]) -> None:
    network = Merged(NaiveNeuron, 3)
    load(network, weights)
    image, _ = blobs(1, 16, 5)
    with torch.inference_mode():
        found = network.eval()(image)[0].numpy()
    expected = slow_logits(weights, image[0], 3)
    assert expected.std() > 0.01
    assert np.abs(found - expected).max() < 1e-4


class OneStep(torch.nn.Module):
    def forward(self, x: torch.Tensor, v: torch.Tensor | None) -> Any:
        h = x if v is None else 0.5 * v + x
        s = (h >= 1).to(h)
        return s, h * (1 - s)


def test_step_after_step_gives_the_same_as_all_steps_in_one_batch(
    weights: dict[str, torch.Tensor],
) -> None:
    images, _ = blobs(2, 16, 6)
    found = []
    for network in (Merged(NaiveNeuron, 4), Outer(OneStep, 4)):
        load(network, weights)
        with torch.inference_mode():
            found.append(network.eval()(images))
    torch.testing.assert_close(found[0], found[1], rtol=0, atol=1e-4)


def test_firing_only_above_the_threshold_differs_on_the_threshold_alone() -> None:
    x = torch.tensor([0.5, 1.0, 1.5]).reshape(1, 1, 1, 1, 3)
    assert NaiveNeuron()(x).flatten().tolist() == [0, 1, 1]
    assert NaiveNeuron(strict=True)(x).flatten().tolist() == [0, 0, 1]


def test_weights_of_another_network_are_refused(weights: dict[str, torch.Tensor]) -> None:
    lacking = {name: value for name, value in weights.items() if name != "head.bias"}
    with pytest.raises(ValueError, match=r"head\.bias"):
        load(Dense(torch.nn.ReLU), lacking)


def test_stored_weights_are_read_again(tmp_path: Path, weights: dict[str, torch.Tensor]) -> None:
    torch.save(weights, tmp_path / "weights.pt")
    found = stored_weights(tmp_path / "weights.pt")
    assert all(torch.equal(found[name], value) for name, value in weights.items())


def test_other_logits_are_refused() -> None:
    kinds = {"naive loop": "naive", "norse": "stock", "norse, bf16": "best"}
    naive = torch.randn(1, 2, 16, 16, generator=torch.Generator().manual_seed(1))
    shifted = naive + 0.01  # other logits, the same classes
    found = check_logits({"naive loop": naive, "norse, bf16": shifted}, kinds, "naive loop")
    assert found["norse, bf16"]["agreement"] == 1
    with pytest.raises(UnequalError, match="norse: a share of"):
        check_logits({"naive loop": naive, "norse": shifted}, kinds, "naive loop")
    with pytest.raises(UnequalError, match=r"norse, bf16: 0\.00%"):
        check_logits({"naive loop": naive, "norse, bf16": -naive}, kinds, "naive loop")
