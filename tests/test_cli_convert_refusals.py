"""``spikeseg convert FILE.py:NAME``, bad input: one message, exit code 2, nothing written."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from conftest import Answer
from own_files import NETS, made, save, write_files, write_images

Call = Callable[..., Answer]
Refused = Callable[..., str]
WIDTH = ("--arguments", '{"width": 3}')


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path)
    write_images(tmp_path / "images", (16, 32))
    return tmp_path


@pytest.fixture
def refused(spikeseg: Call, place: Path) -> Refused:
    """Convert into a folder that must not come to be; return the message."""

    def call(source: str, *options: object, calibration: object = "images") -> str:
        before = sorted(p.name for p in place.iterdir())
        answer = spikeseg(
            *("convert", source, "--calibration", calibration, "--out", "out", "--json", *options)
        )
        assert (answer.code, answer.out) == (2, "")
        assert "Traceback" not in answer.err
        found = sorted(p.name for p in place.iterdir() if p.name != "__pycache__")
        assert found == [name for name in before if name != "__pycache__"]
        return answer.err.partition("spikeseg: error: ")[2]

    return call


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ("gone.py:MyNet", ["gone.py does not exist", "FILE.py:NAME"]),
        ("nets.py", ["names no network", "FILE.py:NAME"]),
        ("nets.py:MyNt", ["has no 'MyNt'", "did you mean 'MyNet'?"]),
        ("nets.py:NoNetwork", ["is a class and no network"]),
        ("nets.py:torch", ["is a module and no network"]),
        ("nets.py:no_network", ["returns a int", "torch.nn.Module"]),
        ("nets.py:MyNet", ["MyNet(width, channels=1", "missing", "'width'", "--arguments"]),
        ("nets.py:broken", ["nets.py, line ", "in broken", "RuntimeError: the width is odd"]),
        ("nets.py:Failing", ["nets.py, line ", "in forward", "NameError", "'undefined'"]),
        ("nets.py:halved", ["(1, 2, 8, 16)", "16 x 32", "must return logits"]),
        ("nets.py:flat", ["(1, 1024)", "must return logits (B, K, 16, 32)"]),
        ("nets.py:pooled", ["Softplus", "cannot be expressed"]),
    ],
)
def test_a_network_that_cannot_be_had_is_said_so(
    refused: Refused, source: str, parts: list[str]
) -> None:
    message = refused(source)
    assert all(part in message for part in parts), message


def test_the_line_of_an_error_is_that_of_the_file(refused: Refused) -> None:
    line = 1 + NETS.splitlines().index('    raise RuntimeError("the width is odd")')
    assert f"nets.py, line {line}, in broken" in refused("nets.py:broken")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("x = (", ["nets.py, line 1", "SyntaxError"]),
        ("import torch\nimport no_such_thing", ["nets.py, line 2", "no_such_thing"]),
        ("import sys\n\nsys.exit(3)", ["nets.py, line 3", "SystemExit: 3"]),
        ("from pieces import gone", ["ImportError", "'gone'"]),
    ],
)
def test_a_file_that_cannot_be_imported_is_said_so(
    refused: Refused, place: Path, text: str, parts: list[str]
) -> None:
    (place / "nets.py").write_text(text)
    message = refused("nets.py:MyNet")
    assert all(part in message for part in parts), message


def test_arguments_that_do_not_fit_are_named(refused: Refused) -> None:
    message = refused("nets.py:MyNet", "--arguments", '{"width": 2, "clases": 3}')
    assert "'clases'" in message
    assert "did you mean 'classes'?" in message
    assert "[3]" in refused("nets.py:MyNet", "--arguments", "[3]")
    assert "network already" in refused("nets.py:READY", "--arguments", "{width: 2}")


def test_weights_that_do_not_fit_are_named(refused: Refused, place: Path) -> None:
    state = dict(made("nets.py:MyNet", width=3).state_dict())
    state["haed.weight"] = state.pop("head.weight")
    state["head.bias"] = torch.zeros(9)
    torch.save(state, place / "w.pt")
    message = refused("nets.py:MyNet", *WIDTH, "--weights", "w.pt")
    assert "missing from the file: 'head.weight' (did you mean 'haed.weight'?)" in message
    assert "not in the network: 'haed.weight' (did you mean 'head.weight'?)" in message
    assert "'head.bias' is (9,) in the file and (3,) in the network" in message


class Touching:
    """Leaves a file behind when it is unpickled."""

    def __reduce__(self):
        return (Path.touch, (Path("executed"),))


def test_a_pickle_that_would_execute_code_is_not_executed(refused: Refused, place: Path) -> None:
    torch.save({"state_dict": Touching()}, place / "w.pt")
    assert "execute code" in refused("nets.py:MyNet", *WIDTH, "--weights", "w.pt")
    torch.save(nn.Conv2d(1, 1, 1), place / "w.pth")
    assert "state_dict()" in refused("nets.py:MyNet", *WIDTH, "--weights", "w.pth")


@pytest.mark.parametrize("name", ["w.safetensors", "w.pt"])
def test_damaged_weights_are_said_so(refused: Refused, place: Path, name: str) -> None:
    network = made("nets.py:MyNet", width=3)
    save(network, place / name) if name == "w.safetensors" else torch.save(
        network.state_dict(), place / name
    )
    whole = (place / name).read_bytes()
    (place / name).write_bytes(whole[: len(whole) // 2])
    assert "damaged" in refused("nets.py:MyNet", *WIDTH, "--weights", name)


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [("w.npz", {}, "are read"), ("w.pt", [1], "holds a list"), ("w.pt", {"a": 1}, "no tensor")],
)
def test_weights_that_are_none_are_said_so(
    refused: Refused, place: Path, name: str, content: object, part: str
) -> None:
    torch.save(content, place / name)
    assert part in refused("nets.py:MyNet", *WIDTH, "--weights", name)
    assert "does not exist" in refused("nets.py:MyNet", *WIDTH, "--weights", "gone.pt")


def test_weights_that_are_no_numbers_are_refused(refused: Refused, place: Path) -> None:
    network = made("nets.py:MyNet", width=3)
    network.head.bias.data.fill_(float("nan"))
    save(network, place / "w.safetensors")
    message = refused("nets.py:MyNet", *WIDTH, "--weights", "w.safetensors")
    assert "finite" in message


def test_images_that_do_not_fit_are_said_so(refused: Refused, place: Path) -> None:
    assert "does not exist" in refused("nets.py:factory", calibration="gone")
    (place / "empty").mkdir()
    assert "holds no image" in refused("nets.py:factory", calibration="empty")
    rgb = write_images(place / "rgb", (16, 24, 3))
    message = refused("nets.py:factory", calibration=rgb)
    for part in ("3 channel(s) (RGB)", "'0.0', takes 1 (grey)", "Convert the images"):
        assert part in message
    Image.fromarray(np.zeros((16, 24), np.uint8)).save(rgb / "grey.png")
    assert "all grey (1) or all RGB (3)" in refused("nets.py:factory", calibration=rgb)


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (("--mean", 0.5, 0.5), "--mean has 2 numbers"),
        (("--std", 0), "--std is [0.0]"),
        (("--size", 1, 2, 3), "--size is [1, 2, 3]"),
        (("--size", 17), "17"),
        (("--num_steps", 0), "num_steps is 0"),
        (("--readout", 2), "readout is 2"),
        (("--dt_ms", -1), "dt_ms is -1"),
        (("--arguments", "{"), "neither JSON nor YAML"),
        (("--wieghts", "x"), "did you mean '--weights'?"),
        (("--conversion.percentile", 0), "percentile is 0"),
        (("--conversion.recipes", "[percntile]"), "percentile"),
    ],
)
def test_settings_out_of_range_are_named(
    refused: Refused, options: tuple[object, ...], part: str
) -> None:
    more = () if "--arguments" in options else WIDTH
    assert part in refused("nets.py:MyNet", *more, *options)


def test_calibration_is_needed(spikeseg: Call, place: Path) -> None:
    answer = spikeseg("convert", "nets.py:factory")
    assert (answer.code, "--calibration is missing" in answer.err) == (2, True)


def test_options_of_own_networks_are_refused_for_a_run(spikeseg: Call, place: Path) -> None:
    answer = spikeseg("convert", "runs/demo", "--conversion.percentile", 90)
    assert answer.code == 2
    assert "--conversion.percentile is for FILE.py:NAME" in answer.err


def test_a_folder_that_exists_is_kept_without_overwrite(spikeseg: Call, place: Path) -> None:
    command = ("convert", "nets.py:factory", "--calibration", "images", "--json")
    assert spikeseg(*command).code == 0
    before = (place / "factory" / "graph.npz").read_bytes()
    answer = spikeseg(*command)
    assert (answer.code, "--overwrite" in answer.err) == (2, True)
    assert (place / "factory" / "graph.npz").read_bytes() == before
    assert spikeseg(*command, "--overwrite", "--arguments", "{width: 4}").code == 0
    assert (place / "factory" / "graph.npz").read_bytes() != before


def test_a_folder_of_something_else_is_never_written_to(spikeseg: Call, place: Path) -> None:
    command = ("convert", "nets.py:factory", "--calibration", "images", "--overwrite", "--out")
    for out in ("images", "nets.py"):
        answer = spikeseg(*command, out)
        assert answer.code == 2
    assert [p.name for p in (place / "images").iterdir()] == ["0.png"]


def test_other_verbs_say_that_the_folder_is_no_run(spikeseg: Call, place: Path) -> None:
    spikeseg("convert", "nets.py:factory", "--calibration", "images", "--out", "mynet")
    for verb in ("evaluate", "convert"):
        answer = spikeseg(verb, "mynet")
        assert (answer.code, "`spikeseg segment` works on it" in answer.err) == (2, True)
    answer = spikeseg("train", "--out", "mynet", "--overwrite")
    assert (answer.code, "use another --out" in answer.err) == (2, True)
    assert (place / "mynet" / "graph.npz").is_file()


def test_a_graph_that_is_not_the_recorded_one_is_refused(spikeseg: Call, place: Path) -> None:
    spikeseg("convert", "nets.py:factory", "--calibration", "images", "--out", "mynet")
    graph = place / "mynet" / "graph.npz"
    graph.write_bytes(graph.read_bytes()[:-9])
    answer = spikeseg("segment", "images/0.png", "--model", "mynet", "--out", "m.png")
    assert (answer.code, "convert the network again" in answer.err) == (2, True)
    assert not (place / "m.png").exists()
