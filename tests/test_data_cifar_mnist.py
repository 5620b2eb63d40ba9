"""Digits on photographs: exact masks, halves kept apart, one result from every file layout."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage

from dataset_trees import (
    digits,
    photographs,
    write_cifar_archive,
    write_cifar_binary,
    write_cifar_python,
    write_mnist_archive,
    write_mnist_idx,
)
from spikeseg.config import DataConfig
from spikeseg.data import SegmentationData, load
from spikeseg.data._digit_files import Digits, read_backgrounds, read_digits
from spikeseg.data._pasting import enlarge, paste_digits
from spikeseg.errors import ConfigError, DataError

REAL = Path(
    os.environ.get("SPIKESEG_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_cifar_archive(tmp_path)
    write_mnist_archive(tmp_path)
    return tmp_path


def read(root: Path, **options: object) -> SegmentationData:
    options = {"num_images": 10, **options}
    return load(DataConfig(name="cifar_mnist", root=str(root), **options))  # type: ignore[arg-type]


def refused(root: Path, *parts: str, error: type[Exception] = DataError, **options: object) -> None:
    with pytest.raises(error) as caught:
        read(root, **options)
    for part in parts:
        assert part in str(caught.value)


def pasted(seed: int, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a background, the image with digits on it, and the mask."""
    before = enlarge(photographs(1, seed)[0], size)
    after = before.copy()
    mask = paste_digits(np.random.default_rng(seed), after, Digits(*digits(20, seed)))
    return before, after, mask


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([48, 64, 96]))
def test_the_mask_is_exactly_where_the_photograph_was_changed(seed: int, size: int) -> None:
    before, after, mask = pasted(seed, size)
    np.testing.assert_array_equal((before != after).any(axis=0), mask > 0)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_there_are_one_to_three_digits_that_do_not_touch_each_other(seed: int) -> None:
    _, _, mask = pasted(seed, 64)
    # The digits of the tree are filled boxes, so that a region is one digit.
    regions, count = ndimage.label(mask > 0, np.ones((3, 3)))
    assert 1 <= count <= 3
    assert all(len(np.unique(mask[regions == k + 1])) == 1 for k in range(count))


def test_one_two_and_three_digits_all_occur_and_so_do_all_classes() -> None:
    masks = [pasted(seed, 96)[2] for seed in range(60)]
    counts = {ndimage.label(m > 0, np.ones((3, 3)))[1] for m in masks}
    assert counts == {1, 2, 3}
    assert set(np.unique(masks)) == set(range(11))


def test_a_digit_has_a_side_of_four_to_six_tenths_of_the_image() -> None:
    heights = []
    for seed in range(60):
        regions, _ = ndimage.label(pasted(seed, 64)[2] > 0, np.ones((3, 3)))
        heights += [s[0].stop - s[0].start for s in ndimage.find_objects(regions)]
    # A box of 14 rows of 28.
    assert 0.4 * 64 / 2 - 2 <= min(heights) < 0.45 * 64 / 2
    assert 0.55 * 64 / 2 < max(heights) <= 0.6 * 64 / 2 + 2


def test_the_photograph_is_enlarged_as_by_pillow() -> None:
    photograph = photographs(1, 5)[0]
    image = Image.fromarray(photograph)
    expected = np.asarray(image.resize((64, 64), Image.Resampling.BILINEAR)) / 255
    np.testing.assert_allclose(enlarge(photograph, 64), np.moveaxis(expected, -1, 0), atol=3 / 255)


def test_digits_stand_out_from_what_they_cover() -> None:
    for seed in range(30):
        before, after, mask = pasted(seed, 64)
        assert np.abs(before - after).sum(axis=0)[mask > 0].mean() > 0.1


def test_the_defaults_are_2500_images_of_64_of_which_the_last_fifth_is_held_out(
    root: Path,
) -> None:
    data = load(DataConfig(name="cifar_mnist", root=str(root)))
    assert (len(data.train), len(data.test)) == (2000, 500)
    assert data.test[0].image.shape == (3, 64, 64)
    assert data.class_names == ("background", *"0123456789")
    assert "test halves" in data.split
    assert "cannot be compared" in data.notes[0]


def test_the_seed_and_the_number_make_the_image(root: Path) -> None:
    few, many = read(root, num_images=4, test="3-3"), read(root, num_images=9, test="8-8")
    np.testing.assert_array_equal(few.train[2].image, many.train[2].image)
    other = read(root, seed=1)
    assert not np.array_equal(few.train[2].image, other.train[2].image)
    assert not np.array_equal(few.train[2].image, few.train[1].image)


@pytest.mark.parametrize("half", ["train", "test"])
def test_each_half_is_made_of_its_own_half_of_the_files(tmp_path: Path, half: str) -> None:
    """Each half has photographs of one color and digits of one label of its own."""
    cifar = {f"x_{h}": np.full((4, 32, 32, 3), v, np.uint8) for h, v in HALVES.items()}
    images = digits(4, 0)[0]
    np.savez(tmp_path / "cifar10.npz", **cifar)
    labels = {f"y_{h}": np.full(4, v // 50, np.uint8) for h, v in HALVES.items()}
    np.savez(tmp_path / "mnist.npz", x_train=images, x_test=images, **labels)
    samples = getattr(read(tmp_path), half)
    level = HALVES[half]
    for sample in samples:
        assert set(np.unique(sample.mask)) == {0, 1 + level // 50}
        np.testing.assert_allclose(sample.image[:, sample.mask == 0], level / 255, rtol=1e-6)


HALVES = {"train": 50, "test": 200}


@pytest.mark.parametrize("cifar", [write_cifar_python, write_cifar_binary])
@pytest.mark.parametrize("gzipped", [False, True])
def test_the_official_files_give_the_images_of_the_archives(
    root: Path, tmp_path: Path, cifar: Callable[[Path], None], gzipped: bool
) -> None:
    official = tmp_path / "official"
    official.mkdir()
    cifar(official)
    write_mnist_idx(official / "MNIST" / "raw", gzipped)
    first, second = read(root), read(official)
    for a, b in zip([*first.train, *first.test], [*second.train, *second.test], strict=True):
        np.testing.assert_array_equal(a.image, b.image)
        np.testing.assert_array_equal(a.mask, b.mask)


def test_a_batch_as_python_2_pickled_it_is_read(tmp_path: Path) -> None:
    """Opcodes by hand: the official batches have their pixels as a Python 2 string."""
    rows = np.arange(2 * 3072).astype(np.uint8)
    old = b"\x80\x02}q\x01U\x04dataq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03"
    old += b"cnumpy\nndarray\nq\x04K\x00\x85U\x01b\x87Rq\x05(K\x01K\x02M\x00\x0c\x86"
    old += b"cnumpy\ndtype\nq\x06U\x02u1K\x00K\x01\x87Rq\x07(K\x03U\x01|NNNJ\xff\xff\xff\xff"
    old += b"J\xff\xff\xff\xffK\x00tb\x89T" + len(rows).to_bytes(4, "little") + rows.tobytes()
    old += b"tbs."
    (tmp_path / "test_batch").write_bytes(old)
    found = read_backgrounds(tmp_path, "test")
    np.testing.assert_array_equal(np.moveaxis(found, -1, 1).ravel(), rows)


class _Harmful:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("false",)


def test_a_pickle_that_names_a_program_is_refused_and_not_run(tmp_path: Path) -> None:
    (tmp_path / "test_batch").write_bytes(pickle.dumps({b"data": _Harmful()}))
    with pytest.raises(DataError, match=r"test_batch cannot be read \(it names \w+\.system"):
        read_backgrounds(tmp_path, "test")


@pytest.mark.parametrize("name", ["cifar10.npz", "mnist.npz"])
def test_missing_files_are_refused_with_what_is_there(root: Path, name: str) -> None:
    (root / name).unlink()
    what = {"cifar10.npz": "CIFAR-10", "mnist.npz": "MNIST"}[name]
    refused(root, f"has no {what} (it holds: ", "cifar-10-batches-py/", "idx files")


def test_a_missing_batch_is_named(tmp_path: Path) -> None:
    write_cifar_python(tmp_path)
    write_mnist_archive(tmp_path)
    (tmp_path / "cifar-10-batches-py" / "data_batch_4").unlink()
    refused(tmp_path, "data_batch_4 cannot be read", "missing")


@pytest.mark.parametrize(
    "name", ["cifar-10-batches-bin/test_batch.bin", "t10k-images-idx3-ubyte.gz"]
)
@pytest.mark.parametrize("kept", [0, 3, -100])
def test_a_file_cut_short_is_named(tmp_path: Path, name: str, kept: int) -> None:
    write_cifar_binary(tmp_path)
    write_mnist_idx(tmp_path, gzipped=True)
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:kept])
    refused(tmp_path, f"{path.name} cannot be read", "cut short")


@pytest.mark.parametrize("name", ["cifar10.npz", "mnist.npz"])
def test_a_damaged_archive_is_named(root: Path, name: str) -> None:
    (root / name).write_bytes((root / name).read_bytes()[:200])
    refused(root, f"{name} cannot be read")


def test_photographs_of_another_shape_are_refused(root: Path) -> None:
    np.savez(root / "cifar10.npz", x_train=photographs(2, 0)[:, :30])
    refused(root, "x_train is uint8 of shape (2, 30, 32, 3)", "(N, 32, 32, 3)")


def test_digits_out_of_step_with_their_labels_are_refused(root: Path) -> None:
    images, labels = digits(4, 0)
    np.savez(root / "mnist.npz", x_train=images, y_train=labels[:3])
    refused(root, "images have shape (4, 28, 28) and labels (3,)")


def test_a_label_that_is_no_digit_is_refused(root: Path) -> None:
    images, _ = digits(2, 0)
    np.savez(root / "mnist.npz", x_train=images, y_train=np.array([3, 10], np.uint8))
    refused(root, "mnist.npz: a label is 10")


def test_a_blank_digit_is_refused(root: Path) -> None:
    np.savez(root / "mnist.npz", x_train=np.zeros((2, 28, 28), np.uint8), y_train=np.zeros(2, int))
    refused(root, "mnist.npz: image 0 is blank")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"num_images": 1}, "data.num_images is 1"),
        ({"image_size": 32}, "data.image_size is 32; it must be 48 to 512"),
        ({"seed": -1}, "data.seed is -1"),
        ({"protocol": "paper"}, "data.protocol is 'paper', but dataset 'cifar_mnist'"),
    ],
)
def test_an_option_out_of_range_is_refused(
    root: Path, option: dict[str, object], message: str
) -> None:
    refused(root, message, error=ConfigError, **option)


@pytest.mark.skipif(
    not (REAL / "cifar10").is_dir() or not (REAL / "mnist").is_dir(),
    reason=f"NOT RUN: no cifar10/ and mnist/ in {REAL} (set SPIKESEG_DATA)",
)
def test_the_real_files_make_images_of_all_classes() -> None:
    assert read_backgrounds(REAL, "test").shape[1:] == (32, 32, 3)
    assert read_digits(REAL, "test").images.shape == (10_000, 28, 28)
    data = read(REAL, num_images=60)
    counts = sum(np.bincount(s.mask.ravel(), minlength=11) for s in data.train)
    assert (counts > 0).all()
    assert 0.8 < counts[0] / counts.sum() < 0.97
