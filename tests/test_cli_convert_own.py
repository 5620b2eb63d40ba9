"""``spikeseg convert FILE.py:NAME``: what it writes is the user's own network."""

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import spikeseg as ss
from conftest import Answer
from own_files import made, save, write_files, write_images
from spikeseg.files import read_json

Call = Callable[..., Answer]
WIDTH = ("--arguments", '{"width": 3}')


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder with a file, weights of ``MyNet(3)`` and grey images; it is entered."""
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path)
    save(made("nets.py:MyNet", width=3), tmp_path / "w.safetensors")
    write_images(tmp_path / "images", (16, 24), (16, 24), (16, 24))
    return tmp_path


@pytest.fixture
def converted(spikeseg: Call, place: Path) -> Answer:
    return spikeseg(
        *("convert", "nets.py:MyNet", *WIDTH, "--weights", "w.safetensors"),
        *("--calibration", "images", "--out", "mynet", "--json"),
    )


def pixels(path: Path) -> torch.Tensor:
    """Read a grey or RGB image with Pillow, (1, C, H, W) in 0..1."""
    found = np.asarray(Image.open(path), np.float32) / 255
    return torch.from_numpy(np.atleast_3d(found).transpose(2, 0, 1).copy())[None]


def classes(network: torch.nn.Module, images: torch.Tensor) -> np.ndarray:
    with torch.inference_mode():
        found = network(images)
    mask = found.argmax(1) if found.shape[1] > 1 else found[:, 0] > 0
    return mask[0].numpy().astype(np.uint8)


def segmented(spikeseg: Call, image: Path, *options: object) -> np.ndarray:
    out = image.parent.parent / "mask.png"
    answer = spikeseg("segment", image, "--model", "mynet", "--out", out, "--indices", *options)
    assert answer.code == 0, answer.err
    return np.asarray(Image.open(out))


def test_the_record_says_what_was_converted(converted: Answer, place: Path) -> None:
    assert converted.code == 0
    record = read_json(place / "mynet" / "source.json")
    assert converted.json["folder"] == "mynet"
    assert {k: v for k, v in converted.json.items() if k != "folder"}.items() <= record.items()
    weights = (place / "w.safetensors").read_bytes()
    assert record["weights_sha256"] == hashlib.sha256(weights).hexdigest()
    assert (record["file"], record["name"]) == (str(place / "nets.py"), "MyNet")
    assert record["arguments"] == {"width": 3}
    pages = [{"file": f"images/{i}.png", "page": 0} for i in range(3)]
    assert record["calibration"] == {"pages": pages, "available": 3, "size": [16, 24]}
    assert (record["channels"], len(record["class_names"])) == (1, 3)
    assert sorted(p.name for p in (place / "mynet").iterdir()) == ["graph.npz", "source.json"]


def test_what_the_user_s_file_prints_goes_to_standard_error(converted: Answer) -> None:
    assert "a user's file may print" in converted.err
    assert converted.json["analog_difference"] < 1e-5


def test_the_graph_is_that_of_the_library_call(converted: Answer, place: Path) -> None:
    network = made("nets.py:MyNet", width=3)
    images = torch.cat([pixels(place / "images" / f"{i}.png") for i in range(3)])
    graph = ss.convert(network, images)
    stored = ss.load_graph(place / "mynet" / "graph.npz")
    assert (stored.num_neurons, stored.num_synapses) == (graph.num_neurons, graph.num_synapses)
    expected = ss.simulate(graph, images, 8).potential
    torch.testing.assert_close(ss.simulate(stored, images, 8).potential, expected)
    assert converted.json["neurons"] == graph.num_neurons


def test_agreement_is_that_of_masks_after_so_many_steps(converted: Answer, place: Path) -> None:
    network = made("nets.py:MyNet", width=3)
    graph = ss.load_graph(place / "mynet" / "graph.npz")
    images = torch.cat([pixels(place / "images" / f"{i}.png") for i in range(3)])
    with torch.inference_mode():
        own = network(images).argmax(1)
    rows = converted.json["agreement"]
    assert [row["num_steps"] for row in rows] == [4, 8, 16, 32]
    for row in rows:
        found = ss.simulate(graph, images, row["num_steps"], readout=0.5)
        spikes = sum(float(c.sum()) for c in found.spike_counts.values())
        assert row["pixels"] == pytest.approx(float((found.masks[-1] == own).double().mean()))
        assert row["spikes_per_neuron"] == pytest.approx(spikes / graph.num_neurons / 3)
        scores = ss.score(list(own.numpy()), list(found.masks[-1].numpy()), 3)
        assert row["miou"] == pytest.approx(scores.miou)
    assert rows[-1]["pixels"] > 0.8


def test_segment_gives_the_network_s_own_masks_at_any_size(
    spikeseg: Call, converted: Answer, place: Path
) -> None:
    other = write_images(place / "others", (31, 45)) / "0.png"
    network = made("nets.py:MyNet", width=3)
    padded = np.pad(np.asarray(Image.open(other)), ((0, 1), (0, 1)), mode="reflect") / 255
    images = torch.from_numpy(padded.astype(np.float32))[None, None]
    expected = classes(network, images)[:31, :45]
    assert (segmented(spikeseg, other, "--stage", "ann") == expected).mean() > 0.999
    assert (segmented(spikeseg, other, "--num_steps", 512) == expected).mean() > 0.97


def test_segment_takes_steps_and_readout(spikeseg: Call, converted: Answer, place: Path) -> None:
    image = place / "images" / "0.png"
    graph = ss.load_graph(place / "mynet" / "graph.npz")
    found = segmented(spikeseg, image, "--num_steps", 6, "--readout", 1.0)
    expected = ss.simulate(graph, pixels(image), 6, readout=1.0).masks[-1, 0].numpy()
    np.testing.assert_array_equal(found, expected)


def test_the_recorded_steps_and_readout_are_those_of_segment(spikeseg: Call, place: Path) -> None:
    answer = spikeseg(
        *("convert", "nets.py:MyNet", *WIDTH, "--calibration", "images", "--out", "mynet"),
        *("--num_steps", 5, "--readout", 0.6, "--weights", "w.safetensors", "--json"),
    )
    assert [row["num_steps"] for row in answer.json["agreement"]] == [4, 5, 8, 16, 32]
    image = place / "images" / "1.png"
    graph = ss.load_graph(place / "mynet" / "graph.npz")
    expected = ss.simulate(graph, pixels(image), 5, readout=0.6).masks[-1, 0].numpy()
    np.testing.assert_array_equal(segmented(spikeseg, image), expected)


def test_mean_and_deviation_are_applied_in_both_verbs(spikeseg: Call, place: Path) -> None:
    rgb = write_images(place / "rgb", (16, 16, 3), (16, 16, 3))
    network = made("nets.py:MyNet", width=3, channels=3)
    save(network, place / "rgb.safetensors")
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    answer = spikeseg(
        *("convert", "nets.py:MyNet", "--arguments", "{width: 3, channels: 3}", "--calibration"),
        *(rgb, "--weights", "rgb.safetensors", "--out", "mynet", "--mean", *mean, "--std", *std),
    )
    assert answer.code == 0, answer.err
    normal = [torch.tensor(v).view(1, 3, 1, 1) for v in (mean, std)]
    image = rgb / "0.png"
    expected = classes(network, (pixels(image) - normal[0]) / normal[1])
    assert (expected != classes(network, pixels(image))).any(), "normalizing matters here"
    assert (segmented(spikeseg, image, "--stage", "ann") == expected).mean() > 0.999
    assert (segmented(spikeseg, image, "--num_steps", 512) == expected).mean() > 0.97


@pytest.mark.parametrize("name", ["factory", "READY"])
def test_a_function_and_an_instance_are_taken(spikeseg: Call, place: Path, name: str) -> None:
    answer = spikeseg("convert", f"nets.py:{name}", "--calibration", "images", "--json")
    assert answer.code == 0, answer.err
    assert (place / name / "graph.npz").is_file(), "the folder is named after NAME"
    assert "no --weights" in answer.json["notes"][0]
    width = {"factory": 2, "READY": 3}[name]
    assert answer.json["layers"][0]["shape"] == [width, 16, 24]


def test_a_warning_while_converting_becomes_a_note(spikeseg: Call, place: Path) -> None:
    answer = spikeseg("convert", "nets.py:Warns", "--calibration", "images", "--json")
    assert answer.code == 0, answer.err
    assert answer.json["notes"][1:] == ["beware of the edges"]


def test_one_output_channel_gives_two_classes(spikeseg: Call, place: Path) -> None:
    network = made("nets.py:one_channel")
    with torch.inference_mode():
        network[-1].bias -= network(pixels(place / "images" / "2.png")).mean()
    save(network, place / "one.safetensors")
    answer = spikeseg(
        *("convert", "nets.py:one_channel", "--weights", "one.safetensors"),
        *("--calibration", "images", "--out", "mynet", "--json"),
    )
    assert answer.json["class_names"] == ["class 0", "class 1"]
    assert any("one output channel" in note for note in answer.json["notes"])
    image = place / "images" / "2.png"
    expected = classes(network, pixels(image))
    assert 0 < expected.mean() < 1
    np.testing.assert_array_equal(segmented(spikeseg, image, "--stage", "ann"), expected)
    assert (segmented(spikeseg, image, "--num_steps", 512) == expected).mean() > 0.97


@pytest.mark.parametrize("wrap", ["plain", "state_dict", "module", "both"])
def test_weights_of_torch_are_read_wrapped_or_not(spikeseg: Call, place: Path, wrap: str) -> None:
    state = made("nets.py:MyNet", width=3).state_dict()
    if wrap in ("module", "both"):
        state = {f"module.model.{key}": value for key, value in state.items()}
    torch.save(
        {"state_dict": state, "epoch": 3} if wrap in ("state_dict", "both") else state, "w.pt"
    )
    options = ("--calibration", "images", "--out", "a", "--json")
    answer = spikeseg("convert", "nets.py:MyNet", *WIDTH, "--weights", "w.pt", *options)
    assert answer.code == 0, answer.err
    said = " ".join(answer.json["notes"])
    assert ("'state_dict'" in said) == (wrap in ("state_dict", "both"))
    assert ("'module.' is taken off" in said) == (wrap in ("module", "both"))
    image = pixels(place / "images" / "0.png")
    with torch.inference_mode():
        expected = made("nets.py:MyNet", width=3)(image)
    graph = ss.load_graph(place / "a" / "graph.npz")
    torch.testing.assert_close(
        ss.simulate(graph, image, 4096).potential, expected, atol=0.05, rtol=0.05
    )


@pytest.mark.parametrize(
    ("options", "size", "words"),
    [
        ((), [16, 24], "1 of 4 are cropped"),
        (("--size", 12), [12, 12], "4 of 4 are cropped"),
        (("--size", 18, 26), [18, 26], "3 of 4 are padded"),
    ],
)
def test_images_of_different_sizes_come_to_one(
    spikeseg: Call, place: Path, options: tuple[object, ...], size: list[int], words: str
) -> None:
    Image.fromarray(np.zeros((21, 27), np.uint8)).save(place / "images" / "9.png")
    answer = spikeseg(
        *("convert", "nets.py:MyNet", *WIDTH, "--calibration", "images", "--json", *options)
    )
    assert answer.json["calibration"]["size"] == size
    assert words in answer.json["notes"][-1]


def test_a_size_that_the_network_does_not_take_is_cropped_to_one_that_it_does(
    spikeseg: Call, place: Path
) -> None:
    odd = write_images(place / "odd", (17, 23))
    answer = spikeseg("convert", "nets.py:MyNet", *WIDTH, "--calibration", odd, "--json")
    assert answer.json["calibration"]["size"] == [16, 22]


def test_settings_of_the_conversion_are_taken(spikeseg: Call, place: Path) -> None:
    spikeseg(
        *("convert", "nets.py:MyNet", *WIDTH, "--weights", "w.safetensors", "--out", "mynet"),
        *("--calibration", "images", "--conversion.recipes", "[percentile]", "--dt_ms", 2),
        *("--conversion.granularity", "channel", "--conversion.percentile", 90),
        *("--conversion.calibration_images", 2),
    )
    images = torch.cat([pixels(place / "images" / f"{i}.png") for i in (0, 2)])
    config = ss.ConversionConfig(recipes=("percentile",), granularity="channel", percentile=90.0)
    expected = ss.convert(made("nets.py:MyNet", width=3), images, config, dt_ms=2.0)
    stored = ss.load_graph(place / "mynet" / "graph.npz")
    assert stored.dt_ms == 2
    assert [p.spike_value for p in stored.hidden] == [p.spike_value for p in expected.hidden]
    assert [p.neuron for p in stored.hidden] == [p.neuron for p in expected.hidden]


def test_without_json_it_says_what_the_conversion_costs(spikeseg: Call, place: Path) -> None:
    answer = spikeseg("convert", "nets.py:MyNet", *WIDTH, "--calibration", "images", "--mean", 0.5)
    assert answer.code == 0
    for words in ("neurons, ", "synapses at 1 x 16 x 24", "threshold", "fine.2", "3 of 3 page(s)"):
        assert words in answer.out
    for words in ("Analog check: ", "equal pixels", "Note: no --weights", "image - [0.5]"):
        assert words in answer.out


def test_neighbors_of_two_files_are_not_mixed_up(spikeseg: Call, place: Path) -> None:
    other = place / "other"
    other.mkdir()
    file = write_files(other)
    (other / "pieces.py").write_text(
        "from torch import nn\n\ndef block(a, b):\n    return nn.Sequential(nn.Conv2d(a, 7, 1), "
        "nn.ReLU(), nn.Conv2d(7, b, 1), nn.ReLU())\n"
    )
    path = list(sys.path)
    for source, layers in (("nets.py", 1), (f"{file}", 2)):
        answer = spikeseg(
            *("convert", f"{source}:factory", "--calibration", "images", "--json", "--overwrite")
        )
        assert len(answer.json["layers"]) == layers
    assert sys.path == path
