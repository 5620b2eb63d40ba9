"""A run on events, from settings to the pictures of the report."""

import base64
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

import spikeseg as ss
from spikeseg.config import AugmentationConfig
from spikeseg.errors import ConfigError, ShapeError
from spikeseg.images import event_picture
from spikeseg.inference import analog_segmenter
from spikeseg.report import write_report
from spikeseg.runs import RunFolder, run
from spikeseg.runs.examples import picture_of

ROOT = Path(__file__).parent.parent
DATA = ss.DataConfig("moving_shapes", num_images=10, image_size=32, event_steps=3)
SILENT = AugmentationConfig(brightness=0.0, contrast=0.0, noise=0.0)
SMALL = ss.RunConfig(
    data=DATA,
    network=ss.NetworkConfig(depth=1, width=2),
    training=ss.TrainingConfig(
        epochs=1, steps_per_epoch=2, batch_size=2, crop=32, augmentation=SILENT
    ),
    conversion=ss.ConversionConfig(calibration_images=2),
    evaluation=ss.EvaluationConfig(num_steps=4, crop=32, examples=2),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run")
    run(SMALL, RunFolder(path))
    write_report(path)
    return path


def test_a_network_for_events_has_two_channels_for_each_step(folder: Path) -> None:
    graph = ss.load_graph(folder / "graph.npz")
    assert graph.input.shape[0] == 6


def test_the_record_says_how_the_events_lie(folder: Path) -> None:
    data = json.loads((folder / "metrics.json").read_text())["data"]
    assert data["events"] == {"num_steps": 3, "largest_count": 4}


def test_the_report_shows_the_events_of_a_test_image_in_colors(folder: Path) -> None:
    sample = ss.load(DATA).test[0]
    expected = event_picture(sample.image.reshape(3, 2, 32, 32) * 4)
    html = (folder / "report.html").read_text(encoding="utf-8")
    pictures = [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(found))).convert("RGB"))
        for found in re.findall(r"data:image/png;base64,([\w+/=]+)", html)
    ]
    assert any(p.shape == expected.shape and (p == expected).all() for p in pictures)
    assert "ON: brighter" in html


@pytest.mark.parametrize("channels", [1, 3])
def test_other_images_are_shown_as_they_are(channels: int) -> None:
    image = np.random.default_rng(0).random((channels, 4, 5), np.float32)
    shown = picture_of(image, None)
    assert shown.shape == ((4, 5) if channels == 1 else (4, 5, 3))
    np.testing.assert_array_equal(
        shown, np.round(255 * np.moveaxis(image, 0, -1)).reshape(shown.shape)
    )


def test_brightness_of_events_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    config = replace(SMALL, training=ss.TrainingConfig(crop=32))
    with pytest.raises(ConfigError, match="counts of events"):
        run(config, RunFolder(tmp_path / "run"))
    assert not (tmp_path / "run" / "config.json").exists()


def test_a_picture_is_no_image_for_a_network_of_events() -> None:
    network = ss.make_network(ss.NetworkConfig(depth=1, width=2), 6, 5)
    with pytest.raises(ShapeError, match=r"takes \(6, H, W\), the views of events"):
        analog_segmenter(network, 6, 2)(np.zeros((3, 8, 8), np.float32))


def test_the_settings_that_are_shipped_are_those_of_the_dataset() -> None:
    settings = yaml.safe_load((ROOT / "configs" / "moving-shapes.yaml").read_text())
    data = ss.load(ss.DataConfig(**settings["data"]))
    assert data.in_channels == 16
