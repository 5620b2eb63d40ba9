"""The README's picture: its parts are what the run folder holds."""

import importlib.util
import json

import numpy as np
import pytest
from PIL import Image

from pages import ROOT
from report_run import examples


def imported():
    """Import docs/make_picture.py by its path."""
    spec = importlib.util.spec_from_file_location("make_picture", ROOT / "docs/make_picture.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def picture():
    return imported()


def metrics(class_names):
    """Return a small metrics.json with figures that are easy to find again."""
    scores = {"miou": 0.875, "num_steps": 32, "spikes_per_neuron": 2.5}
    curve = [{"num_steps": t, "miou": t / 64, "pixel_accuracy": 0.5} for t in range(1, 33)]
    return {
        "version": "9.8.7",
        "data": {"name": "stand-in", "num_test": 2, "class_names": class_names},
        "stages": {"ann": scores | {"num_steps": 1}, "snn": scores | {"miou": 0.5}},
        "curve": curve,
    }


def make_run(folder, num_classes=2):
    """Write what the picture is made from, and return the arrays."""
    arrays = examples(2, num_classes)
    np.savez(folder / "evaluation.npz", **arrays)
    names = ["membrane", *(f"cell {k}" for k in range(1, num_classes))]
    (folder / "metrics.json").write_text(json.dumps(metrics(names)))
    return arrays


@pytest.mark.parametrize("num_classes", [2, 4])
def test_it_writes_a_png_from_a_run_folder(picture, tmp_path, num_classes):
    make_run(tmp_path, num_classes)
    out = picture.main([str(tmp_path), "--out", str(tmp_path / "new" / "p.png")])
    with Image.open(out) as image:
        assert image.format == "PNG"
        assert image.width > image.height > 400


def test_the_panels_stand_in_the_promised_order(picture, tmp_path):
    make_run(tmp_path)
    titles = [title for title, _ in picture.panels(picture.read(tmp_path, 0))]
    assert titles[:3] == ["image", "truth", "analog network (ANN)"]
    assert titles[3:6] == [f"spiking, {n} steps" for n in (4, 8, 32)]
    assert titles[6:] == ["errors after 32 steps"]


def test_a_panel_shows_the_mask_of_its_step(picture, tmp_path):
    arrays = make_run(tmp_path)
    shown = dict(picture.panels(picture.read(tmp_path, 1)))
    expected = arrays["forming"][1][list(arrays["steps"]).index(8)]
    white = shown["spiking, 8 steps"].mean(axis=-1) > 0.5
    assert (white == (expected == 1)).all()


def test_errors_are_colored_where_truth_and_mask_differ_and_nowhere_else(picture):
    truth = np.array([[0, 1, 255, 1]], np.uint8)
    found = np.array([[1, 0, 1, 1]], np.uint8)
    colors = picture.errors(np.zeros((1, 4), np.uint8), truth, found)
    expected = [picture.TOO_MUCH, picture.TOO_LITTLE, picture.IGNORED]
    assert [tuple(c) for c in colors[0, :3]] == [picture.to_rgb(c) for c in expected]
    assert np.ptp(colors[0, 3]) == 0


def test_the_caption_quotes_the_figures_of_the_run(picture, tmp_path):
    make_run(tmp_path)
    said = "\n".join(picture.caption(picture.read(tmp_path, 0)))
    for figure in ("ANN 0.875", "0.062 after 4 steps", "0.500 after 32 steps", "2.5 spikes"):
        assert figure in said
    assert "2 held-out images" in said
    assert "9.8.7" in said


def test_a_run_of_few_steps_shows_the_steps_that_it_has(picture):
    assert picture.nearest_steps([1, 2]) == [2]
