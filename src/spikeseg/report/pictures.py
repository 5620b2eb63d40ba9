"""Images and label maps as PNG, in colors that color-blind people can tell apart."""

import base64
import colorsys
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from spikeseg.config import IGNORE_INDEX

Color = tuple[int, int, int]
Labels = NDArray[np.uint8]

TINT: Color = (0, 214, 160)
FALSE_POSITIVE: Color = (255, 140, 0)
FALSE_NEGATIVE: Color = (51, 153, 255)
WRONG_CLASS: Color = (240, 90, 190)
IGNORED: Color = (150, 150, 150)
CATEGORICAL: tuple[Color, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
)
"""The palette of Okabe and Ito (2008), without black."""

RIGHT, POSITIVE, NEGATIVE, OTHER = 0, 1, 2, 3
"""Codes of an error map; in an agreement map, 1 is only the first right, 2 only the second."""


def class_colors(class_names: tuple[str, ...], object_class: int | None) -> list[Color | None]:
    """Return the color of each class; None is not tinted.

    Of two classes only ``object_class`` is tinted; of more, all but one called ``background``.
    """
    if len(class_names) <= 2:
        return [TINT if index == object_class else None for index in range(len(class_names))]
    colors = [_categorical(index) for index in range(len(class_names))]
    return [
        None if name == "background" else color
        for name, color in zip(class_names, colors, strict=True)
    ]


def _categorical(index: int) -> Color:
    if index < len(CATEGORICAL):
        return CATEGORICAL[index]
    hue = (index * 0.6180339887) % 1.0
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.55 + 0.4 * (index % 2), 0.95)
    return round(255 * red), round(255 * green), round(255 * blue)


def error_map(mask: Labels, predicted: Labels, empty_class: int | None) -> Labels:
    """Compare a prediction with the truth.

    Args:
        mask: (H, W) true classes; 255 is ignored and stays 255.
        predicted: (H, W) predicted classes.
        empty_class: the class that is not an object; a false positive (1) is an object predicted
            there, a false negative (2) an object missed; another mistake is 3. If None, every
            mistake is 3.

    Returns:
        (H, W) uint8 codes: 0 right, 1, 2, 3 and 255.

    >>> error_map(np.uint8([[0, 0, 1, 1, 255]]), np.uint8([[0, 1, 0, 1, 1]]), 0).tolist()
    [[0, 1, 2, 0, 255]]
    """
    codes = np.where(mask == predicted, RIGHT, OTHER).astype(np.uint8)
    if empty_class is not None:
        wrong = mask != predicted
        codes[wrong & (mask == empty_class)] = POSITIVE
        codes[wrong & (predicted == empty_class)] = NEGATIVE
    codes[mask == IGNORE_INDEX] = IGNORE_INDEX
    return codes


def agreement_map(mask: Labels, first: Labels, second: Labels) -> Labels:
    """Show where two predictions differ: 1 only the first is right, 2 only the second, 3 none.

    >>> agreement_map(np.uint8([[0, 0, 1, 255]]), np.uint8([[0, 1, 0, 1]]),
    ...               np.uint8([[1, 0, 0, 0]])).tolist()
    [[1, 2, 0, 255]]
    """
    codes = np.where(first == second, RIGHT, OTHER).astype(np.uint8)
    differ = first != second
    codes[differ & (first == mask)] = POSITIVE
    codes[differ & (second == mask)] = NEGATIVE
    codes[mask == IGNORE_INDEX] = IGNORE_INDEX
    return codes


def right_share(mask: Labels, predicted: Labels) -> float | None:
    """Return the share of right pixels; None if every pixel is ignored."""
    counted = mask != IGNORE_INDEX
    return float((mask == predicted)[counted].mean()) if counted.any() else None


def png(image: NDArray[np.uint8]) -> str:
    """Return an (H, W) or (H, W, 3) image as the ``data:`` URL of a PNG."""
    return _data_url(Image.fromarray(image))


def label_png(labels: Labels, colors: list[Color | None]) -> str:
    """Return an (H, W) label map as the ``data:`` URL of a PNG; untinted labels are transparent."""
    tints = [*colors, IGNORED]
    indices = np.where(labels == IGNORE_INDEX, len(colors), labels).astype(np.uint8)
    picture = Image.fromarray(indices)
    picture.putpalette([part for color in tints for part in color or (0, 0, 0)])
    alpha = bytes(0 if color is None else 255 for color in tints)
    return _data_url(picture, bits=_bits(len(tints)), transparency=alpha)


def _bits(num_colors: int) -> int:
    return next(bits for bits in (1, 2, 4, 8) if num_colors <= 2**bits)


def _data_url(picture: Image.Image, **options: object) -> str:
    stream = io.BytesIO()
    picture.save(stream, "PNG", optimize=True, **options)
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode('ascii')}"


def css(color: Color) -> str:
    """Return a color as CSS writes it.

    >>> css((255, 140, 0))
    '#ff8c00'
    """
    return "#{:02x}{:02x}{:02x}".format(*color)
