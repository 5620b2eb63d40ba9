"""Masks whose classes are colors, as CamVid has them, for the ``folder`` dataset."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spikeseg.config import IGNORE_INDEX
from spikeseg.errors import DataError
from spikeseg.images import inspect_image, read_page

FILE = "label_colors.txt"
SUFFIX = "_L"
"""What the name of a mask of CamVid has after the name of its image."""
_LINE = re.compile(r"\s*([0-9]{1,3})\s+([0-9]{1,3})\s+([0-9]{1,3})\s+(\S.*?)\s*")


@dataclass(frozen=True, eq=False)
class ColorTable:
    """The classes of colors.

    Attributes:
        path: the file that says so.
        names: one per class index.
        codes: (N,) sorted colors as ``65536 red + 256 green + blue``.
        indices: (N,) uint8 the class index of each color; 255 is ignored.
    """

    path: Path
    names: tuple[str, ...]
    codes: NDArray[np.int64]
    indices: NDArray[np.uint8]

    def read_mask(self, path: Path, page: int) -> NDArray[np.uint8]:
        """Return (H, W) class indices of one page of a mask of colors.

        Raises:
            DataError: it cannot be read, is a JPEG, or has a color that the table does not name.
        """
        if inspect_image(path).format == "JPEG":
            raise DataError(
                f"{path} is a JPEG, whose lossy compression changes colors. Masks are read from "
                "PNG and TIFF; export the mask again as one of these."
            )
        pixels = np.round(255 * read_page(path, page)).astype(np.int64)
        red, green, blue = np.broadcast_to(pixels, (3, *pixels.shape[1:]))
        code = 65536 * red + 256 * green + blue
        at = np.minimum(np.searchsorted(self.codes, code), len(self.codes) - 1)
        if (unknown := code[self.codes[at] != code]).size:
            color = " ".join(str(unknown[0] >> shift & 255) for shift in (16, 8, 0))
            raise DataError(
                f"{path} (page {page}) has the color {color} ({unknown.size} pixels have such a "
                f"color); {self.path} names {len(self.codes)} colors, and not this one. Add it "
                "there, or export the mask without smoothing."
            )
        return np.asarray(self.indices[at], np.uint8)


def read_colors(path: Path) -> ColorTable | None:
    """Return the table in a file of lines ``red green blue name``, or None if there is no file.

    Classes are numbered in the order of their first line. Colors of equal name are one class; the
    name ``Void`` (in any case) means ignore.

    Raises:
        DataError: a line is something else, a color stands twice, or there are fewer than two
            classes or more than 255.
    """
    if not path.is_file():
        return None
    lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    colors = dict[int, str]()
    for number, line in enumerate(lines, 1):
        if line.strip():
            code, name = _entry(path, number, line)
            if code in colors:
                raise DataError(f"{path}, line {number}: {line!r} names a color a second time.")
            colors[code] = name
    names = tuple(dict.fromkeys(n for n in colors.values() if n.lower() != "void"))
    if not 2 <= len(names) <= IGNORE_INDEX:
        raise DataError(f"{path} names {len(names)} class(es) beside Void; 2 to 255 are needed.")
    index = {name: k for k, name in enumerate(names)}
    codes = sorted(colors)
    indices = [index.get(colors[code], IGNORE_INDEX) for code in codes]
    return ColorTable(path, names, np.array(codes, np.int64), np.array(indices, np.uint8))


def _entry(path: Path, number: int, line: str) -> tuple[int, str]:
    match = _LINE.fullmatch(line)
    if match is None or any(int(match[k]) > 255 for k in (1, 2, 3)):
        raise DataError(
            f"{path}, line {number}, is {line!r}; a line must be red, green and blue (0 to 255) "
            "and the name of the class, such as '128 0 0 Building'."
        )
    return 65536 * int(match[1]) + 256 * int(match[2]) + int(match[3]), match[4]
