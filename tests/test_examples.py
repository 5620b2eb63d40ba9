"""The examples run, in this process, and say what they are for."""

import importlib.util
import re

import pytest
import torch
from torch import nn

from pages import ROOT, leave_registries_as_found

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def imported(name):
    """Import an example by its path."""
    path = ROOT / "examples" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"example_{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", [e.stem for e in EXAMPLES])
def test_importing_an_example_does_nothing(name, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    imported(name)
    assert capsys.readouterr().out == ""
    assert list(tmp_path.iterdir()) == []


def test_own_network_comes_nearer_to_its_origin_with_more_steps(capsys):
    imported("own_network").main()
    errors = [float(e) for e in re.findall(r"differ by ([\d.]+)%", capsys.readouterr().out)]
    assert len(errors) == 4
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1.0


def test_own_network_compares_with_the_network_itself():
    example = imported("own_network")
    torch.manual_seed(1)
    head_only = nn.Sequential(nn.Conv2d(1, 2, 1))
    images = torch.rand(1, 1, 4, 4)
    found = example.compare(head_only, images, 3)
    assert found.same_class == 1.0
    assert found.relative_error == pytest.approx(0.0, abs=1e-6)


def test_own_neuron_segments_as_the_neuron_beside_it(monkeypatch, capsys):
    leave_registries_as_found(monkeypatch)
    imported("own_neuron").main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0].rstrip(":") for line in lines] == ["if_soft", "if_floor"]
    spikes = [float(re.search(r"([\d.]+) spikes", line)[1]) for line in lines]
    assert spikes[1] >= spikes[0] > 0
    assert all(float(re.search(r"by ([\d.]+)%", line)[1]) < 5 for line in lines)


def test_own_file_is_trained_converted_and_segments_by_the_command_line(
    monkeypatch, tmp_path, capsys
):
    monkeypatch.chdir(tmp_path)
    imported("own_file").main()
    out = capsys.readouterr().out
    equal = [float(e) for e in re.findall(r"([\d.]+)%", out.partition("equal pixels")[2])]
    assert equal[3] > 90
    assert equal[3] > equal[0]
    folder = tmp_path / "runs" / "own-file"
    assert {p.name for p in (folder / "small-net").iterdir()} == {"graph.npz", "source.json"}
    assert (folder / "mask.png").is_file()


def test_own_program_remembers_what_it_has_seen(tmp_path, capsys):
    imported("own_program").main(tmp_path / "memory.npz")
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["#" * step + "." * (8 - step) for step in range(8)]
