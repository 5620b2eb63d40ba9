"""Tiny trees of files in the layouts of the datasets, written from random numbers."""

import gzip
import pickle
import struct
from pathlib import Path

import numpy as np
from PIL import Image

VOC_SIZE = (80, 96)


def voc_palette() -> list[int]:
    """Return the 256 colors of VOC's masks: bit k of the index goes to a high bit of a color."""
    colors = []
    for index in range(256):
        for channel in range(3):
            bits = [(index >> (3 * k + channel)) & 1 for k in range(3)]
            colors.append(sum(bit << (7 - k) for k, bit in enumerate(bits)))
    return colors


def voc_mask(rng: np.random.Generator, size: tuple[int, int] = VOC_SIZE) -> np.ndarray:
    """Return blocks of classes 0 to 20 with rows of 255 between them."""
    blocks = rng.integers(0, 21, (size[0] // 8, size[1] // 8))
    mask = np.kron(blocks, np.ones((8, 8))).astype(np.uint8)
    mask[::8] = 255
    return mask


def write_voc_mask(path: Path, mask: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(mask)
    image.putpalette(voc_palette())
    assert image.mode == "P"
    image.save(path)


def write_voc_list(root: Path, name: str, ids: list[str]) -> None:
    folder = root / "ImageSets" / "Segmentation"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("".join(f"{i}\n" for i in ids))


def write_voc(root: Path, num_train: int = 3, num_val: int = 2) -> dict[str, np.ndarray]:
    """Write a devkit; return the masks by image ID."""
    rng = np.random.default_rng(0)
    ids = [f"2007_{k:06d}" for k in range(num_train + num_val)]
    masks = {}
    (root / "JPEGImages").mkdir()
    for image_id in ids:
        pixels = rng.integers(0, 256, (*VOC_SIZE, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(root / "JPEGImages" / f"{image_id}.jpg")
        masks[image_id] = voc_mask(rng)
        write_voc_mask(root / "SegmentationClass" / f"{image_id}.png", masks[image_id])
    write_voc_list(root, "train.txt", ids[:num_train])
    write_voc_list(root, "val.txt", ids[num_train:])
    return masks


def photographs(num: int, seed: int) -> np.ndarray:
    """Return (num, 32, 32, 3) uint8."""
    return np.random.default_rng(seed).integers(0, 256, (num, 32, 32, 3), dtype=np.uint8)


def digits(num: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (num, 28, 28) uint8 images of a filled box each, and (num,) labels."""
    rng = np.random.default_rng(seed)
    images = np.zeros((num, 28, 28), np.uint8)
    for image in images:
        top, left = rng.integers(3, 10, 2)
        image[top : top + 14, left : left + 6] = rng.integers(150, 256, (14, 6))
    return images, (np.arange(num) % 10).astype(np.uint8)


def write_cifar_archive(root: Path) -> None:
    np.savez(root / "cifar10.npz", x_train=photographs(20, 0), x_test=photographs(8, 1))


def write_mnist_archive(root: Path) -> None:
    (x_train, y_train), (x_test, y_test) = digits(30, 2), digits(10, 3)
    arrays = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    np.savez(root / "mnist.npz", **arrays)


def cifar_batches() -> dict[str, np.ndarray]:
    """Return the photographs of the archive as the rows of the official batches."""
    train = np.moveaxis(photographs(20, 0), -1, 1).reshape(20, -1)
    test = np.moveaxis(photographs(8, 1), -1, 1).reshape(8, -1)
    parts = np.split(train, 5)
    return {f"data_batch_{k + 1}": rows for k, rows in enumerate(parts)} | {"test_batch": test}


def write_cifar_python(root: Path) -> None:
    (root / "cifar-10-batches-py").mkdir()
    for name, rows in cifar_batches().items():
        content = {b"data": rows, b"labels": [0] * len(rows), b"batch_label": b"of a test"}
        (root / "cifar-10-batches-py" / name).write_bytes(pickle.dumps(content, protocol=2))


def write_cifar_binary(root: Path) -> None:
    (root / "cifar-10-batches-bin").mkdir()
    for name, rows in cifar_batches().items():
        records = np.insert(rows, 0, 7, axis=1)
        (root / "cifar-10-batches-bin" / f"{name}.bin").write_bytes(records.tobytes())


def write_mnist_idx(folder: Path, gzipped: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for stem, (images, labels) in {"train": digits(30, 2), "t10k": digits(10, 3)}.items():
        for name, array in (("images-idx3", images), ("labels-idx1", labels)):
            head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
            content = head + array.tobytes()
            path = folder / f"{stem}-{name}-ubyte{'.gz' if gzipped else ''}"
            path.write_bytes(gzip.compress(content) if gzipped else content)
