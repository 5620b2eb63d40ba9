"""``spikeseg compile``: what it writes, what it says, what it refuses."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from conftest import CHIP, TINY, Answer
from spikeseg.chips import load_chip, load_program
from spikeseg.compiling import build_network, core_rows, network_use
from spikeseg.config import ChipConfig
from spikeseg.files import read_json
from spikeseg.graph import load_graph
from spikeseg.runs import RunFolder

Call = Callable[..., Answer]
FILES = ("chip_graph.npz", "program.npz", "cores.json")


def refused(answer: Answer, *parts: str) -> None:
    assert (answer.code, answer.out) == (2, "")
    message = answer.err.strip().splitlines()[-1]
    assert message.startswith("spikeseg: error: ")
    assert all(part in message for part in parts), message


def test_it_says_what_the_program_holds(spikeseg: Call, run_copy: Path) -> None:
    answer = spikeseg("compile", run_copy, *CHIP, "--json")
    assert (answer.code, answer.err) == (0, "")
    program, facts = load_program(run_copy / "program.npz"), answer.json
    assert facts["num_cores"] == len(program.cores)
    assert facts["num_neurons"] == sum(np.prod(p.shape) for p in program.populations)
    assert facts["num_host_neurons"] == sum(np.prod(p.shape) for p in program.inputs)
    assert facts["least_cores"] == sum(
        -(-int(np.prod(p.shape)) // 1024) for p in program.populations
    )
    assert facts["num_chips"] == -(-len(program.cores) // 128)
    assert facts["size"] == [64, 64]
    assert facts["files"] == {name: str(run_copy / name) for name in FILES}


def test_the_settings_of_the_chip_become_those_of_the_run(emulated_run: Path) -> None:
    config = RunFolder(emulated_run).read_config()
    assert config.chip == ChipConfig(num_steps=12, rounds=1, calibration_images=2)


def test_the_table_of_cores_is_that_of_the_program(emulated_run: Path) -> None:
    program, chip = load_program(emulated_run / "program.npz"), load_chip("loihi1")
    network = build_network(load_graph(emulated_run / "chip_graph.npz"), 12.0)
    cuts = {p.name: [c.box for c in program.cores_of(p.name)] for p in program.populations}
    rows = core_rows(network_use(network, cuts, chip), chip)
    for layer in read_json(emulated_run / "cores.json")["layers"]:
        own = [row for row in rows if row.layer == layer["name"]]
        assert layer["cores"] == len(own)
        assert layer["tile"] == list(own[0].box.shape)
        for name in ("compartments", "in_axons", "out_axons", "synapse_bits"):
            shares = [getattr(row, name) for row in own]
            assert layer["largest"][name] == max(shares)
            assert layer["mean"][name] == pytest.approx(sum(shares) / len(shares))
            assert layer["largest"][name] <= 1


def test_in_words_it_names_chip_cores_and_files(spikeseg: Call, run_copy: Path) -> None:
    answer = spikeseg("compile", run_copy, *CHIP)
    assert answer.code == 0
    program = load_program(run_copy / "program.npz")
    for words in (
        f"Intel Loihi (2018), 14 nm: {program.num_neurons:,} neurons on {len(program.cores)} cores",
        "1 chip",
        "Fullest core: 100% of the neurons",
        str(run_copy / "program.npz"),
        f"`spikeseg emulate {run_copy}`",
    ):
        assert words in answer.out


def test_training_through_the_integers_changes_the_graph(spikeseg: Call, chip_copy: Path) -> None:
    before = load_graph(chip_copy / "chip_graph.npz")
    options = ("--chip.batches", 2, "--chip.batch_size", 1)
    assert spikeseg("compile", chip_copy, *options).code == 0
    after = load_graph(chip_copy / "chip_graph.npz")
    weights = [g.connections[-1].transforms[-1].weight for g in (before, after)]
    assert not np.array_equal(*weights)
    assert len((chip_copy / "chip_tuning.csv").read_text().splitlines()) == 2
    assert spikeseg("compile", chip_copy, "--chip.batches", 0).code == 0
    assert not (chip_copy / "chip_tuning.csv").exists(), "it is of the graph before"


def test_equal_networks_are_compiled_equally(spikeseg: Call, chip_copy: Path) -> None:
    before = load_program(chip_copy / "program.npz")
    assert spikeseg("compile", chip_copy).code == 0
    after = load_program(chip_copy / "program.npz")
    for old, new in zip(before.cores, after.cores, strict=True):
        assert (old.box, old.v_min) == (new.box, new.v_min)
        assert np.array_equal(old.threshold, new.threshold)
        for first, second in zip(old.synapses, new.synapses, strict=True):
            assert np.array_equal(first.weight, second.weight)


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--chip.name", "loihi2"], ["loihi2 cannot be compiled for", "Use one of", "loihi1"]),
        (["--chip.name", "lohi1"], ["no chip is called 'lohi1'", "did you mean 'loihi1'"]),
        (["--chip.num_step", "4"], ["'--chip.num_step'", "did you mean '--chip.num_steps'"]),
        (["--chip.rounds", "-1"], ["chip.rounds is -1", "0 or more"]),
        (["--chip.rounding", "up"], ["rounding", "corrected", "nengo", "up"]),
        (["--chip.rounds", "two"], ["rounds", "int", "two"]),
    ],
)
def test_wrong_options_are_one_clear_error(
    spikeseg: Call, run_copy: Path, options: list[str], parts: list[str]
) -> None:
    before = (run_copy / "config.json").read_bytes()
    refused(spikeseg("compile", run_copy, *options), *parts)
    assert not any((run_copy / name).exists() for name in FILES)
    assert (run_copy / "config.json").read_bytes() == before


def test_a_run_without_a_network_is_told_the_verb_that_makes_it(
    spikeseg: Call, run_copy: Path
) -> None:
    (run_copy / "network.safetensors").unlink()
    refused(spikeseg("compile", run_copy), "no network.safetensors; `spikeseg train` writes it")


def test_a_failure_leaves_the_earlier_program_as_it_was(spikeseg: Call, chip_copy: Path) -> None:
    before = {name: (chip_copy / name).read_bytes() for name in (*FILES, "config.json")}
    refused(spikeseg("compile", chip_copy, "--chip.name", "loihi2"), "loihi2")
    assert {name: (chip_copy / name).read_bytes() for name in before} == before


UNFIT = [
    (["--network.upsampling", "bilinear"], ["merge.0.neurons", "bilinear upsampling", "nearest"]),
    (["--network.width", "24", "--chip.name", "toy"], ["fits no core of toy", "output axons"]),
    (["--chip.name", "loihi2"], ["loihi2 cannot be compiled for", "Use one of"]),
]


@pytest.mark.parametrize(("options", "parts"), UNFIT)
def test_a_network_that_no_chip_can_hold_is_refused_before_it_is_trained(
    spikeseg: Call, tiny_yaml: Path, tmp_path: Path, options: list[str], parts: list[str]
) -> None:
    chip = [] if "--chip.name" in options else ["--chip", "{}"]
    answer = spikeseg("run", tiny_yaml, "--out", tmp_path / "run", *chip, *options)
    refused(answer, *parts)
    assert not (tmp_path / "run").exists()


def test_a_trained_network_that_no_chip_can_hold_is_refused_too(
    spikeseg: Call, tiny_yaml: Path, tmp_path: Path
) -> None:
    options, parts = UNFIT[0]
    training = ("--training.epochs", 1, "--training.steps_per_epoch", 1)
    run = tmp_path / "run"
    assert spikeseg("train", tiny_yaml, "--out", run, *options, *training).code == 0
    refused(spikeseg("compile", run), *parts)
    assert not any((run / name).exists() for name in FILES)


def test_run_compiles_and_emulates_where_the_settings_name_a_chip(
    spikeseg: Call, tiny_yaml: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    answer = spikeseg("run", tiny_yaml, "--out", run, "--json", *CHIP, "--chip.name", "loihi1")
    assert (answer.code, answer.err) == (0, "")
    assert list(answer.json["stages"]) == ["ann", "snn", "chip"]
    assert {"compile", "emulate"} <= set(answer.json["seconds"])
    assert "chip" not in answer.json["baseline"]["stages"]
    assert TINY["compare_without_regularizer"]
    assert "On the chip" in (run / "report.html").read_text("utf-8")


def test_info_lists_the_chips(spikeseg: Call) -> None:
    chips = spikeseg("info", "--json").json["chips"]
    assert "128 cores of 1,024 neurons" in chips["loihi1"]
    assert "too little is published" in chips["loihi2"]
