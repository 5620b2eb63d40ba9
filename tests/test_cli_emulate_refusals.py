"""``spikeseg emulate``: what it refuses, in one line and with nothing changed."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import spikeseg as ss
from conftest import Answer
from spikeseg.chips import load_program, save_program
from spikeseg.files import read_json
from spikeseg.graph import load_graph
from test_cli_emulate import refused, retrain

Call = Callable[..., Answer]


def spoil(run: Path, what: str) -> None:
    """Make one thing wrong in a run."""
    program = run / "program.npz"
    if what == "other network":
        retrain(run)
    elif what == "other graph":
        graph = run / "chip_graph.npz"
        ss.save_graph(load_graph(graph), graph, made_from="nothing")
    elif what == "cut short":
        program.write_bytes(program.read_bytes()[:-2000])
    elif what == "no program":
        program.write_bytes(b"")
    elif what == "version":
        with np.load(program) as stored:
            arrays = dict(stored)
        structure = json.loads(str(arrays["structure"])) | {"format": 99}
        np.savez(program, **(arrays | {"structure": np.array(json.dumps(structure))}))
    elif what == "impossible":
        whole = load_program(program)
        core = dataclasses.replace(whole.cores[0], threshold=whole.cores[0].threshold * 0 - 1)
        object.__setattr__(whole, "cores", (core, *whole.cores[1:]))
        save_program(whole, program)
    else:
        config = read_json(run / "config.json")
        config["config"]["data"] |= {"image_size": 80} if what == "larger" else {"seed": 5}
        (run / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize(
    ("what", "parts"),
    [
        ("other network", ["converted from another network.safetensors", "spikeseg compile"]),
        ("other graph", ["compiled from another chip_graph.npz", "spikeseg compile"]),
        ("cut short", ["program.npz", "damaged", "compile the network again"]),
        ("no program", ["program.npz", "damaged", "compile the network again"]),
        ("version", ["program format 99", "reads format 1", "Compile the network again"]),
        ("impossible", ["threshold of core 0", "is -1", "loihi1 takes 0..8388544"]),
        (
            "larger",
            ["image 3 of the test set", "80 x 80 pixels", "made for 64 x 64", "spikeseg compile"],
        ),
        ("other images", ["metrics.json is of other test images", "spikeseg evaluate"]),
    ],
)
def test_what_does_not_belong_together_is_refused(
    spikeseg: Call, chip_copy: Path, what: str, parts: list[str]
) -> None:
    spoil(chip_copy, what)
    before = {path: path.read_bytes() for path in chip_copy.iterdir() if path.is_file()}
    refused(spikeseg("emulate", chip_copy), *parts)
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize(
    ("name", "verb"),
    [
        ("program.npz", "compile"),
        ("chip_graph.npz", "compile"),
        ("cores.json", "compile"),
        ("metrics.json", "evaluate"),
        ("network.safetensors", "train"),
    ],
)
def test_a_missing_stage_is_named_with_its_verb(
    spikeseg: Call, chip_copy: Path, name: str, verb: str
) -> None:
    (chip_copy / name).unlink()
    refused(spikeseg("emulate", chip_copy), f"has no {name}; `spikeseg {verb}` writes it")


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--num_steps", "0"], ["chip.num_steps is 0", "at least 1"]),
        (["--strickt"], ["'--strickt'", "did you mean '--strict'"]),
    ],
)
def test_wrong_options_are_one_clear_error(
    spikeseg: Call, chip_copy: Path, options: list[str], parts: list[str]
) -> None:
    before = (chip_copy / "metrics.json").read_bytes()
    refused(spikeseg("emulate", chip_copy, *options), *parts)
    assert (chip_copy / "metrics.json").read_bytes() == before
