"""CIFAR-10 and MNIST as their authors ship them, or as NumPy archives."""

import gzip
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from spikeseg.data._pairs import listed
from spikeseg.errors import DataError

Half = Literal["train", "test"]
Bytes = NDArray[np.uint8]
CONTENTS = (
    "CIFAR-10 (cifar-10-batches-py/, cifar-10-batches-bin/ or cifar10*.npz) and MNIST (idx files, "
    "also gzipped, or mnist*.npz), there or in folders cifar10/, mnist/ or MNIST/raw/"
)
_CIFAR_FOLDERS = ("", "cifar10", "cifar-10-batches-py", "cifar-10-batches-bin")
_MNIST_FOLDERS = ("", "mnist", "MNIST/raw")
_BATCHES = {"train": [f"data_batch_{k}" for k in range(1, 6)], "test": ["test_batch"]}
_IDX = {"train": "train", "test": "t10k"}
_RECORD = 1 + 3 * 32 * 32
_BROKEN = (OSError, EOFError, KeyError, ValueError, TypeError, AttributeError, pickle.PickleError)


@dataclass(frozen=True, eq=False)
class Digits:
    """Handwritten digits.

    Attributes:
        images: (N, 28, 28) uint8, ink is bright.
        labels: (N,) uint8, 0 to 9.
    """

    images: Bytes
    labels: Bytes


def read_backgrounds(root: Path, half: Half) -> Bytes:
    """Return (N, 32, 32, 3) uint8 photographs of CIFAR-10's training or test half.

    Raises:
        DataError: there are none, or a file is damaged or of another shape.
    """
    kinds = {"{}": _pickled, "{}.bin": _binary}
    for folder in (root / name for name in _CIFAR_FOLDERS):
        for pattern, read in kinds.items():
            paths = [folder / pattern.format(name) for name in _BATCHES[half]]
            if paths[0].is_file():
                return np.concatenate([_guarded(read, path) for path in paths])
        if archive := sorted(folder.glob("cifar10*.npz")):
            return _images(archive[0], f"x_{half}", (32, 32, 3))
    raise _missing(root, "CIFAR-10")


def read_digits(root: Path, half: Half) -> Digits:
    """Return the digits of MNIST's training or test half.

    Raises:
        DataError: there are none, or a file is damaged or of another shape.
    """
    stem = _IDX[half]
    for folder in (root / name for name in _MNIST_FOLDERS):
        for end in ("", ".gz"):
            path = folder / f"{stem}-images-idx3-ubyte{end}"
            if path.is_file():
                labels = folder / f"{stem}-labels-idx1-ubyte{end}"
                return _digits(path, _guarded(_idx, path), _guarded(_idx, labels))
        if archive := sorted(folder.glob("mnist*.npz")):
            images = _images(archive[0], f"x_{half}", (28, 28))
            return _digits(archive[0], images, _array(archive[0], f"y_{half}"))
    raise _missing(root, "MNIST")


def _missing(root: Path, what: str) -> DataError:
    found = listed(sorted(p.name for p in root.iterdir())) or "nothing"
    return DataError(
        f"{root} has no {what} (it holds: {found}). Pass as data.root the folder with {CONTENTS}."
    )


def _guarded(read: Callable[[Path], Bytes], path: Path) -> Bytes:
    """Return what ``read`` gives, and turn the many ways of damage into one error."""
    try:
        return read(path)
    except (*_BROKEN, zlib.error, zipfile.BadZipFile, struct.error) as error:
        raise DataError(
            f"{path} cannot be read ({str(error) or type(error).__name__}): it is missing, damaged "
            "or cut short. Unpack or download it again."
        ) from error


class _ArraysOnly(pickle.Unpickler):
    """Loads arrays and plain values; a pickle that names anything else is refused, not run."""

    def find_class(self, module: str, name: str) -> Any:
        allowed: dict[str, Any] = {
            "_reconstruct": np.zeros(0).__reduce__()[0],
            "ndarray": np.ndarray,
            "dtype": np.dtype,
            "encode": _latin_bytes,
        }
        if name not in allowed or module.split(".")[0] not in ("numpy", "_codecs"):
            raise pickle.UnpicklingError(f"it names {module}.{name}, which no CIFAR-10 batch does")
        return allowed[name]


def _latin_bytes(text: str, encoding: str) -> bytes:
    return text.encode(encoding)


def _pickled(path: Path) -> Bytes:
    with open(path, "rb") as file:
        rows = np.asarray(_ArraysOnly(file, encoding="bytes").load()[b"data"])
    if rows.dtype != np.uint8:
        raise ValueError(f"pixels are {rows.dtype}, not uint8")
    return _photographs(rows)


def _binary(path: Path) -> Bytes:
    rows = np.frombuffer(path.read_bytes(), np.uint8).reshape(-1, _RECORD)
    return _photographs(rows[:, 1:])


def _photographs(rows: Bytes) -> Bytes:
    """Return (N, 32, 32, 3) of rows that hold red, then green, then blue."""
    if len(rows) == 0:
        raise ValueError("it holds no image")
    return np.ascontiguousarray(np.moveaxis(rows.reshape(-1, 3, 32, 32), 1, -1))


def _idx(path: Path) -> Bytes:
    with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
        content = file.read()
    zeros, kind, axes = struct.unpack_from(">HBB", content)
    if zeros or kind != 8 or axes not in (1, 3):
        raise ValueError(f"it starts with {content[:4]!r}, which no MNIST file does")
    shape = struct.unpack_from(f">{axes}I", content, 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)


def _array(path: Path, key: str) -> Bytes:
    def read(archive: Path) -> Bytes:
        with open(archive, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            return np.asarray(arrays[key])

    return _guarded(read, path)


def _images(path: Path, key: str, shape: tuple[int, ...]) -> Bytes:
    images = _array(path, key)
    if images.dtype != np.uint8 or images.shape[1:] != shape or len(images) == 0:
        raise DataError(
            f"{path}: {key} is {images.dtype} of shape {images.shape}; it must be uint8 of shape "
            f"(N, {', '.join(map(str, shape))}). Use the archive as it was published."
        )
    return images


def _digits(path: Path, images: Bytes, labels: Bytes) -> Digits:
    if images.shape[1:] != (28, 28) or labels.shape != images.shape[:1] or len(labels) == 0:
        raise DataError(
            f"{path}: images have shape {images.shape} and labels {labels.shape}; they must be "
            "(N, 28, 28) and (N,). Use the images and labels of one download."
        )
    blank = np.flatnonzero(images.max(axis=(1, 2)) == 0)
    if labels.max() > 9 or blank.size:
        what = f"image {blank[0]} is blank" if blank.size else f"a label is {labels.max()}"
        raise DataError(f"{path}: {what}; it must hold digits, 0 to 9. Use the files of MNIST.")
    return Digits(images, labels.astype(np.uint8))
