"""What the values of the masks of the ``folder`` dataset mean."""

from dataclasses import dataclass
from pathlib import Path

from spikeseg.config import IGNORE_INDEX
from spikeseg.data._pairs import Pair
from spikeseg.errors import DataError


@dataclass(frozen=True)
class Classes:
    """The classes of a dataset.

    Attributes:
        names: one per class index.
        is_binary: whether masks hold 0 and 255, where 255 means class 1.
        notes: what was decided.
    """

    names: tuple[str, ...]
    is_binary: bool
    notes: tuple[str, ...]


def find_classes(root: Path, pairs: list[Pair]) -> Classes:
    """Return the classes, from ``classes.txt`` if there is one, else from the masks.

    Raises:
        DataError: a mask has a class that ``classes.txt`` does not name, there are fewer than two
            classes, or no pixel is labeled.
    """
    listed = _read_names(root / "classes.txt")
    values = sorted({value for pair in pairs for page in pair.values for value in page})
    is_binary = values == [0, IGNORE_INDEX] and (listed is None or len(listed) == 2)
    indices = [0, 1] if is_binary else [v for v in values if v != IGNORE_INDEX]
    if not indices:
        raise DataError(
            f"all pixels of all masks in {root / 'masks'} are 255, which means ignore: nothing is "
            "labeled. Use the class indices 0, 1, ... in the masks."
        )
    notes = [_BINARY] if is_binary else []
    if listed is not None:
        _check_known(root, listed, pairs, is_binary)
        return Classes(listed, is_binary, tuple(notes))
    if indices[-1] == 0:
        raise DataError(
            f"all masks in {root / 'masks'} hold class 0 only; at least two classes are needed. "
            "Masks hold class indices 0, 1, ..., and 255 where a pixel is to be ignored."
        )
    count = indices[-1] + 1
    if unused := count - len(indices):
        notes.append(
            f"{unused} of {count} class indices below the largest, {count - 1}, never occur in the "
            "masks; if these are grey levels and no class indices, renumber them"
        )
    return Classes(tuple(f"class {k}" for k in range(count)), is_binary, tuple(notes))


_BINARY = "all masks hold only 0 and 255: taken as binary, 0 is class 0 and 255 is class 1"


def _read_names(path: Path) -> tuple[str, ...] | None:
    """Return the names in ``classes.txt``, or None if there is no such file."""
    if not path.is_file():
        return None
    try:
        lines = path.read_text(encoding="utf-8-sig").strip().splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text ({error}); save it as UTF-8.") from error
    names = tuple(line.strip() for line in lines)
    if not 2 <= len(names) <= IGNORE_INDEX or "" in names or len(set(names)) < len(names):
        raise DataError(
            f"{path} has {len(names)} line(s): {', '.join(map(repr, names[:5]))}; it must have 2 "
            "to 255 different names, one per line, the first for class 0, no empty line between."
        )
    return names


def _check_known(root: Path, names: tuple[str, ...], pairs: list[Pair], is_binary: bool) -> None:
    if is_binary:
        return
    for pair in pairs:
        for page, values in enumerate(pair.values):
            unknown = [v for v in values if len(names) <= v != IGNORE_INDEX]
            if unknown:
                raise DataError(
                    f"{pair.mask.path} (page {page}) has the value {unknown[0]}; allowed are 0 to "
                    f"{len(names) - 1} ({', '.join(names)}, from {root / 'classes.txt'}) and 255 "
                    "for pixels to ignore. Mend the mask, or name the class in classes.txt."
                )
