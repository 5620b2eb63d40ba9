"""Procedural cells: repeatable, membranes as promised, and not solved by a threshold."""

import os
import subprocess
import sys

import numpy as np
import pytest
from scipy import ndimage

from spikeseg.config import DataConfig
from spikeseg.data import DATASETS, Sample, SegmentationData, load
from spikeseg.errors import ConfigError

SMALL = DataConfig(num_images=5, image_size=128, seed=3)


@pytest.fixture(scope="module")
def default() -> SegmentationData:
    return load(DataConfig())


@pytest.fixture(scope="module")
def samples(default: SegmentationData) -> list[Sample]:
    return [*default.train[:6], *default.test[:2]]


def test_the_defaults_are_20_images_of_which_the_last_fifth_is_held_out(
    default: SegmentationData,
) -> None:
    assert (len(default.train), len(default.test)) == (16, 4)
    assert default.test[0].name == "image 16"
    assert "images 16 to 19 held out" in default.split
    assert default.class_names == ("membrane", "cell")
    assert default.membrane_class == 0
    assert default.in_channels == 1


def test_a_sample_keeps_the_contract(samples: list[Sample]) -> None:
    for sample in samples:
        assert sample.image.shape == (1, 256, 256)
        assert sample.image.dtype == np.float32
        assert sample.image.min() >= 0
        assert sample.image.max() <= 1
        assert sample.mask.shape == (256, 256)
        assert sample.mask.dtype == np.uint8
        assert set(np.unique(sample.mask)) == {0, 1}


def test_another_process_makes_the_same_bytes() -> None:
    script = (
        "import hashlib; from spikeseg.config import DataConfig; from spikeseg.data import load\n"
        "data = load(DataConfig(num_images=5, image_size=128, seed=3)); s = data.train[2]\n"
        "print(hashlib.sha256(s.image.tobytes() + s.mask.tobytes()).hexdigest())"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    runs = [
        subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, check=True
        ).stdout
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    assert len(runs[0].strip()) == 64


def test_an_image_does_not_depend_on_the_others() -> None:
    few, many = load(SMALL), load(DataConfig(num_images=9, image_size=128, seed=3))
    np.testing.assert_array_equal(few.test[0].image, many.train[4].image)


def test_seeds_and_numbers_make_different_images() -> None:
    a, b = load(SMALL), load(DataConfig(num_images=5, image_size=128, seed=4))
    images = [a.train[0].image, a.train[1].image, b.train[0].image]
    assert len({image.tobytes() for image in images}) == 3


def test_membranes_are_15_to_30_percent_of_the_pixels(samples: list[Sample]) -> None:
    for sample in samples:
        assert 0.15 <= (sample.mask == 0).mean() <= 0.30


def test_membranes_separate_many_cells(samples: list[Sample]) -> None:
    for sample in samples:
        _, count = ndimage.label(sample.mask)
        assert count >= 12


def test_membranes_are_darker_than_cells_but_no_threshold_tells_them(
    samples: list[Sample],
) -> None:
    masks = np.stack([sample.mask for sample in samples]).astype(bool)
    best = 0.0
    for blur in (1.0, 1.5, 2.0, 3.0):
        blurred = np.stack([ndimage.gaussian_filter(s.image[0], blur) for s in samples])
        assert blurred[~masks].mean() < blurred[masks].mean() - 0.05
        for threshold in np.arange(0.2, 0.8, 0.02):
            found = blurred > threshold
            ious = [(found & masks).sum() / (found | masks).sum()]
            ious.append((~found & ~masks).sum() / (~(found & masks)).sum())
            best = max(best, float(np.mean(ious)))
    assert 0.5 < best < 0.75


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (DataConfig(root="x"), "data.root is 'x'.*'cells' does not take it"),
        (DataConfig(num_images=1), "num_images is 1; it must be at least 2"),
        (DataConfig(image_size=32), "image_size is 32; it must be 64 to 2048"),
        (DataConfig(seed=-1), "seed is -1; it must be 0 or more"),
        (DataConfig(test="20"), "data.test is '20'; it must be first-last.*'16-19'"),
        (DataConfig(test="a-b"), "data.test is 'a-b'; it must be first-last"),
        (DataConfig(test="15-20"), "data.test is '15-20'.*0 to 19"),
        (DataConfig(test="5-3"), "data.test is '5-3'.*first must not be after last"),
        (DataConfig(test="0-19"), "all 20 images.*none is left to train on.*'16-19'"),
    ],
)
def test_an_impossible_option_is_refused(config: DataConfig, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(config)


def test_a_chosen_block_is_held_out() -> None:
    data = load(DataConfig(num_images=5, image_size=64, test=" 1 - 2 "))
    assert [s.name for s in data.test] == ["image 1", "image 2"]
    assert [s.name for s in data.train] == ["image 0", "image 3", "image 4"]


def test_the_members_are_the_eight_datasets() -> None:
    photographs = {"cells", "cifar_mnist", "folder", "isbi2012", "voc2012"}
    assert set(DATASETS.names()) == photographs | {"ddd17", "dsec_semantic", "moving_shapes"}
