"""The files of a PASCAL VOC devkit: lists, images, masks, and all that can be wrong with them."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from spikeseg.data._pairs import listed
from spikeseg.errors import DataError
from spikeseg.images import inspect_image

CONTENTS = "JPEGImages/, SegmentationClass/ and ImageSets/Segmentation/ (the devkit's VOC2012)"
AUGMENTED_LISTS = ("trainaug.txt", "train_aug.txt")
"""Names of the augmented training list (Hariharan et al. 2011), the first that exists counts."""
_LISTS = Path("ImageSets", "Segmentation")


@dataclass(frozen=True)
class VocItem:
    """An image file and its mask file, of equal size.

    Attributes:
        name: the image's ID, such as ``2007_000032``.
        image: RGB.
        mask: class indices, as palette or grey.
    """

    name: str
    image: Path
    mask: Path


@dataclass(frozen=True)
class VocFiles:
    """What the lists name.

    Attributes:
        train: items of the training list.
        val: items of ``val.txt``.
        train_list: file name of the training list.
    """

    train: tuple[VocItem, ...]
    val: tuple[VocItem, ...]
    train_list: str


def find_files(root: Path) -> VocFiles:
    """Return the items of the lists; all files are looked at, none is decoded.

    Masks of the augmented list are those of ``SegmentationClassAug`` where it has them, all others
    those of ``SegmentationClass``.

    Raises:
        DataError: a folder or list is missing, a list cannot be read or shares images with the
            other, or files are missing, damaged or not of equal size; names the first few.
    """
    _check_layout(root)
    augmented = [name for name in AUGMENTED_LISTS if (root / _LISTS / name).is_file()]
    train_list = augmented[0] if augmented else "train.txt"
    names = [_read_list(root / _LISTS / name) for name in (train_list, "val.txt")]
    if both := sorted(set(names[0]) & set(names[1])):
        raise DataError(
            f"{root / _LISTS}: {train_list} and val.txt have {len(both)} image(s) in common: "
            f"{listed(both)}. No image may be in both; take these out of {train_list}."
        )
    train = [_item(root, name, bool(augmented)) for name in names[0]]
    val = [_item(root, name, False) for name in names[1]]
    _check_items(root, train + val)
    return VocFiles(tuple(train), tuple(val), train_list)


def _check_layout(root: Path) -> None:
    for folder in (Path("JPEGImages"), Path("SegmentationClass"), _LISTS):
        if not (root / folder).is_dir():
            found = listed(sorted(p.name for p in root.iterdir())) or "nothing"
            raise DataError(
                f"{root} has no folder {folder.as_posix()}/ (it holds: {found}). Pass as data.root "
                f"the folder with {CONTENTS}."
            )


def _read_list(path: Path) -> list[str]:
    """Return the image IDs of a list; a line is an ID, or the paths of image and mask."""
    if not path.is_file():
        found = listed(sorted(p.name for p in path.parent.iterdir())) or "nothing"
        raise DataError(
            f"the list {path} does not exist (its folder holds: {found}). train.txt (or "
            f"{AUGMENTED_LISTS[0]}) and val.txt are needed, one image ID per line."
        )
    lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    names = [_id(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice or not names:
        what = f"names {listed(twice)} more than once" if twice else "names no image"
        raise DataError(f"the list {path} {what}; it must have one image ID per line, each once.")
    return names


def _id(path: Path, number: int, line: str) -> str:
    parts = line.split()
    stems = {Path(part).stem for part in parts}
    if len(parts) > 2 or len(stems) > 1:
        raise DataError(
            f"{path}, line {number}, is {line!r}; a line must be an image ID such as 2007_000032, "
            "or the paths of an image and of its mask. Use a list of ImageSets/Segmentation."
        )
    return stems.pop()


def _item(root: Path, name: str, augmented: bool) -> VocItem:
    mask = root / "SegmentationClassAug" / f"{name}.png"
    if not (augmented and mask.is_file()):
        mask = root / "SegmentationClass" / f"{name}.png"
    return VocItem(name, root / "JPEGImages" / f"{name}.jpg", mask)


def _check_items(root: Path, items: list[VocItem]) -> None:
    problems = []
    for item in items:
        try:
            _check_item(item)
        except DataError as error:
            problems.append(str(error))
    if problems:
        raise DataError(f"{root} cannot be used as it is:\n  " + listed(problems, "\n  "))


def _check_item(item: VocItem) -> None:
    image, mask = inspect_image(item.image), inspect_image(item.mask)
    if image.channels != 3:
        raise DataError(f"{image.path} is grey; images of VOC are RGB. Restore the file.")
    if (image.height, image.width) != (mask.height, mask.width):
        raise DataError(
            f"{image.path} is {image.height} x {image.width} pixels, {mask.path} is {mask.height} "
            f"x {mask.width}; an image and its mask must have the same size. Restore both files."
        )
