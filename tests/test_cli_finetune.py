"""``spikeseg finetune``: what it writes, what it leaves alone, what it refuses."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from conftest import Answer
from spikeseg.graph import load_graph
from spikeseg.runs import RunFolder

Call = Callable[..., Answer]


def test_it_replaces_the_graph_and_says_what_it_did(spikeseg: Call, run_copy: Path) -> None:
    before = load_graph(run_copy / "graph.npz")
    answer = spikeseg("finetune", run_copy, "--num_steps", 2, "--batches", 3, "--json")
    assert (answer.code, answer.err) == (0, "")
    assert answer.json["num_steps"] == 2
    assert answer.json["batches"] == 3
    after = load_graph(run_copy / "graph.npz")
    assert [p.name for p in after.populations] == [p.name for p in before.populations]
    weights = [g.connections[0].transforms[-1].weight for g in (before, after)]
    assert not np.array_equal(*weights)
    assert (run_copy / "finetuning.csv").read_text().splitlines()[1].startswith("3,")


def test_the_run_is_then_evaluated_with_as_many_steps(spikeseg: Call, run_copy: Path) -> None:
    assert spikeseg("finetune", run_copy, "--num_steps", 2, "--batches", 1).code == 0
    evaluation = RunFolder(run_copy).read_config().evaluation
    assert (evaluation.num_steps, evaluation.readout) == (2, 1.0)
    assert spikeseg("evaluate", run_copy, "--json").json["stages"]["snn"]["num_steps"] == 2


def test_converting_again_brings_the_graph_back(spikeseg: Call, run_copy: Path) -> None:
    before = (run_copy / "graph.npz").read_bytes()
    spikeseg("finetune", run_copy, "--batches", 1)
    assert (run_copy / "graph.npz").read_bytes() != before
    assert spikeseg("convert", run_copy).code == 0
    found, expected = load_graph(run_copy / "graph.npz"), before
    assert len((run_copy / "graph.npz").read_bytes()) == len(expected)
    assert found.connections


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--batches", "0"], ["finetuning.batches is 0", "must be positive"]),
        (["--sparsity", "-1"], ["finetuning.sparsity is -1", "0 or more"]),
        (["--num_step", "4"], ["'--num_step'", "did you mean '--num_steps'"]),
        (["--learning_rate", "fast"], ["learning_rate", "float", "fast"]),
    ],
)
def test_wrong_options_are_one_clear_error(
    spikeseg: Call, run_copy: Path, options: list[str], words: list[str]
) -> None:
    before = (run_copy / "graph.npz").read_bytes()
    answer = spikeseg("finetune", run_copy, *options)
    assert answer.code == 2
    assert all(word in answer.err for word in words), answer.err
    assert (run_copy / "graph.npz").read_bytes() == before
    assert not (run_copy / "finetuning.csv").exists()


def test_a_run_without_a_graph_is_told_the_verb_that_makes_it(
    spikeseg: Call, run_copy: Path
) -> None:
    (run_copy / "graph.npz").unlink()
    answer = spikeseg("finetune", run_copy)
    assert answer.code == 2
    assert "has no graph.npz; `spikeseg convert` writes it" in answer.err


def test_neurons_that_cannot_be_trained_are_refused(spikeseg: Call, run_copy: Path) -> None:
    stored = json.loads((run_copy / "config.json").read_text())
    stored["config"]["conversion"]["neuron"] = "loihi"
    (run_copy / "config.json").write_text(json.dumps(stored))
    assert spikeseg("convert", run_copy).code == 0
    answer = spikeseg("finetune", run_copy, "--batches", 1)
    assert answer.code == 2
    assert "Convert with neuron 'if_soft'" in answer.err
