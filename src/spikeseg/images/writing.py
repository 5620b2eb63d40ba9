"""Write label masks, whole or not at all."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from spikeseg.errors import DataError
from spikeseg.files import atomic_path


def write_masks(path: str | Path, masks: NDArray[Any]) -> None:
    """Write (H, W) or (N, H, W) integer labels in 0..255 as uint8.

    ``.png`` takes a single mask. ``.tif`` and ``.tiff`` take any number; the pages are compressed
    losslessly (deflate) and carry axes ``ZYX``, which viewers show as a stack.

    Raises:
        DataError: another suffix, several masks in a PNG, or values that are no labels.
    """
    path = Path(path)
    labels = _as_labels(masks)
    suffix = path.suffix.lower()
    if suffix not in (".png", ".tif", ".tiff"):
        raise DataError(f"masks cannot be written to {path}: use the suffix .png, .tif or .tiff.")
    if suffix == ".png" and len(labels) != 1:
        raise DataError(f"{path}: a PNG holds one mask, not {len(labels)}; write a .tif instead.")
    with atomic_path(path) as temporary:
        if suffix == ".png":
            Image.fromarray(labels[0]).save(temporary)
        else:
            _write_stack(temporary, labels)


def _write_stack(path: Path, labels: NDArray[np.uint8]) -> None:
    """Write page by page, since tifffile takes a last axis of length 1 for a channel."""
    axes = json.dumps({"axes": "ZYX", "shape": labels.shape})
    with tifffile.TiffWriter(path) as writer:
        for number, page in enumerate(labels):
            writer.write(
                page,
                photometric="minisblack",
                compression="zlib",
                metadata=None,
                description=axes if number == 0 else None,
            )


def _as_labels(masks: NDArray[Any]) -> NDArray[np.uint8]:
    """Return (N, H, W) uint8 labels."""
    masks = np.asarray(masks)
    if masks.ndim not in (2, 3) or masks.size == 0:
        raise DataError(f"masks have shape {masks.shape}; (H, W) or (N, H, W) can be written.")
    if not np.issubdtype(masks.dtype, np.integer) or masks.min() < 0 or masks.max() > 255:
        raise DataError(
            f"masks hold {masks.dtype} values from {masks.min()} to {masks.max()}; whole numbers "
            "from 0 to 255 can be written."
        )
    return masks.astype(np.uint8).reshape((-1, *masks.shape[-2:]))
