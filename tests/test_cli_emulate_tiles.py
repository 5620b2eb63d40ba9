"""A program that is smaller than the images: tiles, what they cost, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import spikeseg as ss
from conftest import CHIP, Answer
from spikeseg.chips import load_program
from spikeseg.files import read_json
from spikeseg.graph import load_graph
from spikeseg.onchip import host_spikes
from spikeseg.placing import count_traffic
from spikeseg.runs import RunFolder
from spikeseg.runs.chip import placing
from spikeseg.runs.chip.running import read_out

Call = Callable[..., Answer]
TILE, OVERLAP, STEPS = 32, 8, 12


@pytest.fixture(scope="module")
def tiled_run(emulated_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    import shutil

    from spikeseg.cli import main

    out = Path(shutil.copytree(emulated_run, tmp_path_factory.mktemp("tiles") / "tiny"))
    options = ["--chip.tile", str(TILE), "--chip.overlap", str(OVERLAP), "--chip.num_chips", "4"]
    assert main(["compile", str(out), *CHIP, *options, "--json"]) == 0
    assert main(["emulate", str(out), "--json"]) == 0
    return out


def pieces(image: np.ndarray) -> dict[tuple[int, int], torch.Tensor]:
    """Cut a 64 x 64 image by hand: tiles of 32 that share 8, the last one at the edge."""
    whole = torch.from_numpy(image)
    starts = (0, 24, 32)
    return {(y, x): whole[None, :, y : y + TILE, x : x + TILE] for y in starts for x in starts}


def test_masks_and_spikes_are_those_of_the_tiles_put_together_by_hand(tiled_run: Path) -> None:
    config = RunFolder(tiled_run).read_config()
    program, graph = (
        load_program(tiled_run / "program.npz"),
        load_graph(tiled_run / "chip_graph.npz"),
    )
    assert graph.input.shape[1:] == (TILE, TILE)
    kept = {0: (0, 28), 24: (28, 44), 32: (44, 64)}
    masks, spikes, tiles = [], 0, 0
    for sample in ss.load(config.data).test:
        mask = np.full(sample.mask.shape, 9, np.uint8)
        for (y, x), piece in pieces(sample.image).items():
            sent = {k: v.numpy() for k, v in host_spikes(graph, piece, STEPS).items()}
            found = ss.emulate(program, sent)
            part = read_out(program, found)[0]
            mask[slice(*kept[y]), slice(*kept[x])] = part[
                kept[y][0] - y : kept[y][1] - y, kept[x][0] - x : kept[x][1] - x
            ]
            spikes += sum(int(fired.sum()) for fired in sent.values())
            spikes += sum(int(fired.sum()) for fired in found.spike_counts.values())
            tiles += 1
        masks.append(mask)
    stage = read_json(tiled_run / "metrics.json")["stages"]["chip"]
    with np.load(tiled_run / "chip_examples.npz") as stored:
        np.testing.assert_array_equal(stored["chip"][0], masks[0])
    assert stage["tiles_per_image"] == 9
    assert stage["spikes_per_neuron"] == pytest.approx(spikes / tiles / graph.num_neurons)
    layers = read_json(tiled_run / "chip_layers.json")["layers"]
    assert sum(layer["spikes_per_image"] for layer in layers) == pytest.approx(spikes / len(masks))
    highest = max(layer["mean_rate_hz"] for layer in layers)
    assert 0 < highest <= 1000


def test_the_program_lies_on_no_more_chips_than_there_are_and_says_its_traffic(
    tiled_run: Path,
) -> None:
    table = read_json(tiled_run / "cores.json")
    program = load_program(tiled_run / "program.npz")
    placement = table["placement"]
    assert placement["partitioner"] == "hypergraph"
    assert placement["cores_of_chips"] == np.bincount(program.placement).tolist()
    assert max(placement["cores_of_chips"]) <= 128
    most = count_traffic(program)  # every neuron fires in every step
    assert 0 < placement["packets_per_step"] < most.packets
    assert placement["inter_chip_packets_per_step"] <= placement["packets_per_step"]


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--chip.tile", "33"], ["chip.tile is 33", "multiple of 2", "32 or 34"]),
        (["--chip.tile", "0"], ["chip.tile is 0", "at least 1"]),
        (["--chip.tile", "16"], ["chip.overlap is 32", "chip.tile 16"]),
        (["--chip.tile", "8", "--chip.overlap", "7"], ["chip.overlap is 7, 8 with", "stride of 2"]),
        (["--chip.num_chips", "0"], ["chip.num_chips is 0"]),
        (["--chip.num_chips", "1", "--chip.name", "toy"], ["chip.num_chips is 1", "cores", "toy"]),
        (["--chip.partitioner", "hypergaph"], ["hypergaph", "did you mean 'hypergraph'"]),
    ],
)
def test_wrong_options_are_one_clear_error_and_change_nothing(
    spikeseg: Call, chip_copy: Path, options: list[str], parts: list[str]
) -> None:
    before = {path: path.read_bytes() for path in chip_copy.iterdir() if path.is_file()}
    answer = spikeseg("compile", chip_copy, *CHIP, *options)
    assert answer.code == 2
    assert all(part in answer.err for part in parts), answer.err
    assert {path: path.read_bytes() for path in before} == before


def test_cores_of_many_chips_stay_in_order_and_that_is_said(
    spikeseg: Call, chip_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing, "_MOST_CHIPS", 0)
    answer = spikeseg("compile", chip_copy, *CHIP)
    assert answer.code == 0, answer.err
    placement = read_json(chip_copy / "cores.json")["placement"]
    program = load_program(chip_copy / "program.npz")
    assert placement["partitioner"] == "none, in order"
    assert list(program.placement) == sorted(program.placement)
