"""Datasets: what every file of the plug point must keep, on tiny data."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from dataset_trees import write_cifar_archive, write_mnist_archive, write_voc
from event_trees import write_dsec, write_evsegnet
from spikeseg.config import DataConfig
from spikeseg.data import DATASETS, SegmentationData, load
from spikeseg.errors import SpikeSegError

SIZE = 64


def labels(pages: int) -> np.ndarray:
    """Return (pages, SIZE, SIZE) masks of 0 and 255."""
    rng = np.random.default_rng(0)
    return (rng.random((pages, SIZE, SIZE)) < 0.7).astype(np.uint8) * 255


def write_folder(root: Path, pages: int) -> None:
    rng = np.random.default_rng(1)
    for kind, stack in (
        ("images", rng.integers(0, 256, (pages, SIZE, SIZE), dtype=np.uint8)),
        ("masks", labels(pages)),
    ):
        (root / kind).mkdir()
        for i, page in enumerate(stack):
            tifffile.imwrite(root / kind / f"s{i}.tif", page)


def write_isbi2012(root: Path, pages: int) -> None:
    rng = np.random.default_rng(1)
    volume = rng.integers(0, 256, (pages, SIZE, SIZE), dtype=np.uint8)
    tifffile.imwrite(root / "train-volume.tif", volume, photometric="minisblack")
    tifffile.imwrite(root / "train-labels.tif", labels(pages), photometric="minisblack")


def write_voc2012(root: Path, pages: int) -> None:
    write_voc(root, pages - 2, 2)


def write_cifar_mnist(root: Path, pages: int) -> None:
    write_cifar_archive(root)
    write_mnist_archive(root)


def write_ddd17(root: Path, pages: int) -> None:
    write_evsegnet(root, pages - 2, 2)


def write_dsec_semantic(root: Path, pages: int) -> None:
    write_dsec(root, pages - 2, 2)


WRITERS: dict[str, Callable[[Path, int], None]] = {
    "cifar_mnist": write_cifar_mnist,
    "ddd17": write_ddd17,
    "dsec_semantic": write_dsec_semantic,
    "folder": write_folder,
    "isbi2012": write_isbi2012,
    "voc2012": write_voc2012,
}
"""Writers of tiny files for the datasets that read some; the others make their images."""

SPLIT = {"ddd17", "dsec_semantic"}
"""Datasets that are split by their files alone."""


@pytest.fixture(params=DATASETS.names())
def config(request: pytest.FixtureRequest, tmp_path: Path) -> DataConfig:
    name = request.param
    if name not in WRITERS:
        return DataConfig(name, num_images=5, image_size=SIZE, test="3-4")
    WRITERS[name](tmp_path, 5)
    count = 5 if name == "cifar_mnist" else None
    test = None if name in SPLIT else "3-4"
    return DataConfig(name, root=str(tmp_path), num_images=count, test=test)


def test_the_data_say_what_they_are(config: DataConfig) -> None:
    data = load(config)
    assert isinstance(data, SegmentationData)
    assert data.name == config.name
    assert len(data.class_names) >= 2
    steps = data.events.num_steps if data.events else None
    assert data.in_channels in ((1, 3) if steps is None else (2 * steps,))
    assert data.membrane_class is None or 0 <= data.membrane_class < len(data.class_names)
    assert ("held out" if config.name in SPLIT else "3 to 4 held out") in data.split


def test_every_sample_is_an_image_in_0_to_1_and_a_mask_of_known_classes(
    config: DataConfig,
) -> None:
    data = load(config)
    assert (len(data.train), len(data.test)) == (3, 2)
    for sample in [*data.train, *data.test]:
        assert sample.image.dtype == np.float32
        assert sample.image.shape == (data.in_channels, *sample.mask.shape)
        assert 0 <= sample.image.min() < sample.image.max() <= 1
        assert sample.mask.dtype == np.uint8
        assert set(np.unique(sample.mask)) <= {*range(len(data.class_names)), 255}


def test_training_and_test_have_no_image_in_common(config: DataConfig) -> None:
    data = load(config)
    seen = [sample.image.tobytes() for sample in [*data.train, *data.test]]
    assert len(set(seen)) == 5


def test_the_same_settings_give_the_same_data(config: DataConfig) -> None:
    first, second = load(config), load(config)
    for a, b in zip([*first.train, *first.test], [*second.train, *second.test], strict=True):
        assert a.name == b.name
        np.testing.assert_array_equal(a.image, b.image)
        np.testing.assert_array_equal(a.mask, b.mask)


@pytest.mark.parametrize("test", ["3", "4-3", "0-4", "3-5", "a-b"])
def test_a_split_that_cannot_be_is_refused_with_the_text_found(
    config: DataConfig, test: str
) -> None:
    with pytest.raises(SpikeSegError, match=test):
        load(DataConfig(**{**vars(config), "test": test}))
