"""A run with a directly trained twin: its stage, its curve, its files, its segmenter."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from torch import nn

from spikeseg import data as datasets
from spikeseg.cli import main
from spikeseg.files import read_json
from spikeseg.graph import load_graph
from spikeseg.metrics import score
from spikeseg.runs import RunFolder, convert_stage, evaluate_stage, load_segmenter
from spikeseg.runs.network_file import load_network, save_network
from tests.conftest import TINY

STEPS = 3


@pytest.fixture(scope="module")
def direct_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("direct")
    settings = TINY | {
        "direct": {"num_steps": STEPS, "surrogate": "arctan"},
        "compare_without_regularizer": False,
    }
    (folder / "settings.yaml").write_text(yaml.safe_dump(settings))
    assert main(["run", str(folder / "settings.yaml"), "--out", str(folder / "run"), "--json"]) == 0
    _wake(RunFolder(folder / "run"))
    return folder / "run"


def _wake(folder: RunFolder) -> None:
    """Make the twin, which 6 steps have taught one class, draw two, and score it again."""
    twin = folder.direct
    trained = load_network(twin.file("network.safetensors"))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for module in trained.network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.uniform_(1, 2.5, generator=generator)
                module.bias.uniform_(-0.2, 0.8, generator=generator)
        sample = datasets.load(folder.read_config().data).test[0]
        logits = trained.network(torch.from_numpy(sample.image)[None])
        trained.network.inner.head.bias.sub_(logits.mean(dim=(0, 2, 3)))  # type: ignore[union-attr]
    save_network(trained, twin.file("network.safetensors"))
    convert_stage(twin)
    evaluate_stage(twin)
    evaluate_stage(folder)


def test_metrics_have_the_twin_beside_the_analog_and_the_converted_network(
    direct_run: Path,
) -> None:
    metrics = read_json(direct_run / "metrics.json")
    assert set(metrics["stages"]) == {"ann", "snn", "direct"}
    twin = read_json(direct_run / "direct" / "metrics.json")
    assert set(twin["stages"]) == {"snn"}
    direct = {k: v for k, v in metrics["stages"]["direct"].items() if k != "made_from"}
    assert direct == twin["stages"]["snn"]
    assert metrics["stages"]["direct"]["made_from"] == twin["made_from"]
    assert metrics["stages"]["direct"]["num_steps"] == STEPS
    assert [point["num_steps"] for point in metrics["direct_curve"]] == [1, 2, 3]
    assert len(metrics["curve"]) == TINY["evaluation"]["num_steps"]
    last = metrics["direct_curve"][-1]["miou"]
    assert last == pytest.approx(metrics["stages"]["direct"]["miou"])
    assert metrics["seconds"]["train_direct"] > 0


def test_the_segmenter_of_the_twin_gives_the_masks_that_were_scored(direct_run: Path) -> None:
    data = datasets.load(RunFolder(direct_run).read_config().data)
    segmenter, names = load_segmenter(direct_run, stage="direct", device="cpu")
    masks = [
        np.asarray(segmenter.predict(torch.from_numpy(sample.image)[None])[0])
        for sample in data.test
    ]
    truths = [sample.mask for sample in data.test]
    found = score(truths, masks, len(names), data.membrane_class).to_dict()
    scored = read_json(direct_run / "metrics.json")["stages"]["direct"]
    assert {name: scored[name] for name in found} == found
    assert len({value for mask in masks for value in np.unique(mask)}) == 2


def test_the_twin_is_a_run_of_its_own_whose_graph_gives_its_masks(direct_run: Path) -> None:
    twin = RunFolder(direct_run).direct
    made = load_graph(twin.file("graph.npz"))
    assert [p.neuron.name for p in convert_stage(twin).hidden if p.neuron] == [
        p.neuron.name for p in made.hidden if p.neuron
    ]
    network = load_network(twin.file("network.safetensors")).network
    own, _ = load_segmenter(twin.path, device="cpu")
    for sample in datasets.load(twin.read_config().data).test:
        image = torch.from_numpy(sample.image)[None]
        with torch.no_grad():
            expected = network(image).argmax(dim=1)
        assert torch.equal(own.predict(image).long(), expected)


def test_an_evaluation_alone_keeps_the_twin_as_long_as_it_is_there(
    direct_run: Path, tmp_path: Path
) -> None:
    folder = RunFolder(Path(shutil.copytree(direct_run, tmp_path / "run")))
    before = read_json(folder.file("metrics.json"))
    evaluate_stage(folder)
    after = read_json(folder.file("metrics.json"))
    assert after["stages"]["direct"] == before["stages"]["direct"]
    assert after["direct_curve"] == before["direct_curve"]
    shutil.rmtree(folder.direct.path)
    evaluate_stage(folder)
    gone = read_json(folder.file("metrics.json"))
    assert set(gone["stages"]) == {"ann", "snn"}
    assert gone["direct_curve"] == []


@pytest.mark.parametrize(
    "wrong", [{"readout": 0.5}, {"exit_tolerance": 0.1}, {"precision": "int8"}]
)
def test_the_twin_reads_out_all_steps(direct_run: Path, wrong: dict[str, Any]) -> None:
    ((name, _),) = wrong.items()
    with pytest.raises(Exception, match=f"{name} is given, but .* reads out all steps"):
        load_segmenter(direct_run, stage="direct", **wrong)


def test_direct_beside_a_spiking_network_is_refused(
    spikeseg: Callable[..., Any], tmp_path: Path
) -> None:
    settings = {"direct": {"num_steps": 2}, "network": {"spiking": {"num_steps": 2}}}
    (tmp_path / "both.yaml").write_text(yaml.safe_dump(settings))
    answer = spikeseg("run", tmp_path / "both.yaml", "--out", tmp_path / "run")
    assert answer.code == 2
    assert "network.spiking and direct are both set" in answer.err
