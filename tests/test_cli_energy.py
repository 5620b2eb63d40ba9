"""``spikeseg energy``: its counts against the emulation, its files, what it refuses."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import CHIP, Answer
from spikeseg.chips import load_program
from spikeseg.cli import main
from spikeseg.energy import load_costs
from spikeseg.files import read_json, write_json
from spikeseg.graph import load_graph

Call = Callable[..., Answer]
STEPS = 12


@pytest.fixture(scope="module")
def counted_run(emulated_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of tiles, emulated and counted on all test images, scored at two numbers of steps."""
    import shutil

    out = Path(shutil.copytree(emulated_run, tmp_path_factory.mktemp("energy") / "tiny"))
    tile = ["--chip.tile", "32", "--chip.overlap", "8"]
    assert main(["compile", str(out), *CHIP, *tile, "--json"]) == 0
    assert main(["emulate", str(out), "--json"]) == 0
    images = str(read_json(out / "metrics.json")["data"]["num_test"])
    assert main(["energy", str(out), "--images", images, "--steps", "4", "12", "--json"]) == 0
    return out


@pytest.fixture
def counted_copy(counted_run: Path, tmp_path: Path) -> Path:
    import shutil

    return Path(shutil.copytree(counted_run, tmp_path / "run"))


@pytest.fixture(scope="module")
def written(counted_run: Path) -> dict[str, Any]:
    found: dict[str, Any] = read_json(counted_run / "energy.json")
    return found


def test_the_spikes_are_those_that_emulate_counts(
    counted_run: Path, written: dict[str, Any]
) -> None:
    table = read_json(counted_run / "chip_layers.json")["layers"]
    ledger = written["ledger"]
    images = len(written["images"])
    expected = {
        layer["name"]: layer["spikes_per_image"] for layer in table if layer["on"] == "chip"
    }
    found = {layer["name"]: layer["spikes"] / images for layer in ledger["layers"]}
    assert {name: found[name] for name in expected} == pytest.approx(expected)
    host = sum(layer["spikes_per_image"] for layer in table if layer["on"] == "host")
    assert ledger["host"]["spikes"] / images == pytest.approx(host)
    assert ledger["num_images"] == 9 * images == written["tiles_per_image"] * images


def test_the_ledger_has_a_row_for_each_core_that_sums_to_the_json(
    counted_run: Path, written: dict[str, Any]
) -> None:
    program = load_program(counted_run / "program.npz")
    with (counted_run / "ledger.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["layer"] for row in rows] == [core.population for core in program.cores]
    for name, total in written["ledger"]["total"].items():
        assert sum(int(row[name]) for row in rows) == total
    updates = sum(core.box.size for core in program.cores) * STEPS
    assert written["ledger"]["total"]["updates"] == updates * written["ledger"]["num_images"]


def test_an_energy_is_the_counts_times_the_costs(written: dict[str, Any]) -> None:
    costs = {name: cost.range.value for name, cost in load_costs("davies2018").energy.items()}
    total = {k: v / written["ledger"]["num_images"] for k, v in written["ledger"]["total"].items()}
    account = next(a for a in written["accounts"] if a["table"] == "davies2018")
    parts = account["estimate"]["parts"]
    synapses = total["synaptic_operations"] * costs["synaptic_operation"]
    assert parts["synapses"]["value"] == pytest.approx(synapses)
    assert parts["idle_neurons"]["value"] == pytest.approx(
        total["updates"] * costs["neuron_inactive"]
    )
    extra = costs["neuron_active"] - costs["neuron_inactive"]
    assert parts["active_neurons"]["value"] == pytest.approx(total["receiving_updates"] * extra)


def test_the_share_of_activations_that_are_not_zero_makes_a_rival(written: dict[str, Any]) -> None:
    account = next(a for a in written["accounts"] if a["table"] == "horowitz45")
    energy = {rival["key"]: rival["energy"]["value"] for rival in account["rivals"]}
    assert 0 < energy["sparse_int8"] < energy["int8"] < energy["fp32"]


def test_the_curve_holds_the_scores_of_the_emulation(
    counted_run: Path, written: dict[str, Any]
) -> None:
    few, all_steps = written["curve"]
    stage = read_json(counted_run / "metrics.json")["stages"]["chip"]
    assert (few["num_steps"], all_steps["num_steps"]) == (4, STEPS)
    assert all_steps["miou"] == stage["miou"]
    assert all_steps["pixel_accuracy"] == stage["pixel_accuracy"]
    assert few["synaptic_operations"] < all_steps["synaptic_operations"]
    total = written["ledger"]["total"]["synaptic_operations"] / written["ledger"]["num_images"]
    assert all_steps["synaptic_operations"] == pytest.approx(total)
    assert few["totals"]["davies2018"]["value"] < all_steps["totals"]["davies2018"]["value"]


def test_the_map_names_every_core_of_the_graph(counted_run: Path, written: dict[str, Any]) -> None:
    graph = load_graph(counted_run / "chip_graph.npz")
    program = load_program(counted_run / "program.npz")
    names = {name for name, _, _ in written["map"]["cores"]}
    assert names <= {population.name for population in graph.populations}
    assert [chip for _, chip, _ in written["map"]["cores"]] == list(program.placement)
    assert np.shape(written["map"]["between_chips"]) == (len(set(program.placement)),) * 2


def test_a_table_of_the_users_own_is_used(
    spikeseg: Call, counted_copy: Path, tmp_path: Path
) -> None:
    own = tmp_path / "mine.toml"
    own.write_text(
        'title = "Mine"\nkind = "chip"\nmeasured = false\n'
        'leaves_out = []\nrivals = ["horowitz45"]\n'
        '[energy]\nsynaptic_operation = { value = 1e-9, unit = "J", source = "me" }\n'
        'neuron_access = { value = 0.0, unit = "J", source = "me" }\n'
    )
    answer = spikeseg("energy", counted_copy, "--tables", own, "--images", "1")
    assert answer.code == 0, answer.err
    found = read_json(counted_copy / "energy.json")
    operations = found["ledger"]["total"]["synaptic_operations"] / found["ledger"]["num_images"]
    (account,) = found["accounts"]
    assert account["estimate"]["total"]["value"] == pytest.approx(operations * 1e-9)
    assert "mine: " in answer.out
    assert "int8" in answer.out


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--images", "0"], ["0 images are to be counted", "Give 1 to"]),
        (["--images", "99"], ["99 images are to be counted", "Give 1 to"]),
        (["--steps", "0"], ["chip.num_steps is 0"]),
        (["--tables", "davies"], ["'davies'", "davies2018"]),
        (["--tables", "davies2018", "davies2018"], ["davies2018 is given 2 times"]),
        (["--tables", "keras_gpu"], ["keras_gpu", "prices dense networks only"]),
    ],
)
def test_what_cannot_be_counted_is_one_clear_error(
    spikeseg: Call, counted_copy: Path, options: list[str], parts: list[str]
) -> None:
    before = {path: path.read_bytes() for path in counted_copy.iterdir() if path.is_file()}
    answer = spikeseg("energy", counted_copy, *options)
    assert (answer.code, answer.out) == (2, "")
    assert all(part in answer.err for part in parts), answer.err
    assert {path: path.read_bytes() for path in before} == before


def test_a_program_of_another_graph_is_refused(spikeseg: Call, counted_copy: Path) -> None:
    (counted_copy / "chip_graph.npz").write_bytes((counted_copy / "graph.npz").read_bytes())
    answer = spikeseg("energy", counted_copy)
    assert answer.code == 2
    assert "compile" in answer.err


def test_fewer_test_images_than_the_report_shows_are_all_counted(
    spikeseg: Call, counted_copy: Path
) -> None:
    config = read_json(counted_copy / "config.json")
    config["config"]["evaluation"]["examples"] = 9
    write_json(counted_copy / "config.json", config)
    answer = spikeseg("energy", counted_copy, "--tables", "horowitz45")
    assert answer.code == 0, answer.err
    number = read_json(counted_copy / "metrics.json")["data"]["num_test"]
    assert len(read_json(counted_copy / "energy.json")["images"]) == number < 9


def test_compiling_again_drops_the_energy_of_the_program_before(
    spikeseg: Call, counted_copy: Path
) -> None:
    assert spikeseg("compile", counted_copy, *CHIP).code == 0
    assert not (counted_copy / "energy.json").exists()
    assert not (counted_copy / "ledger.csv").exists()
