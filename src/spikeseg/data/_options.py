"""Options that all datasets check alike: what they do not take, their root and the test range."""

import re
from dataclasses import dataclass
from pathlib import Path

from spikeseg.config import DataConfig
from spikeseg.errors import ConfigError, DataError


@dataclass(frozen=True)
class Split:
    """Item numbers, counted from 0 in the dataset's order.

    Attributes:
        train: all items outside the block.
        test: one contiguous block.
    """

    train: tuple[int, ...]
    test: tuple[int, ...]

    def words(self, unit: str) -> str:
        """Return the split in words; ``unit`` is what an item is, such as ``image``."""
        first, last = self.test[0], self.test[-1]
        block = f"{unit} {first}" if first == last else f"{unit}s {first} to {last}"
        return (
            f"{block} held out as one block ({len(self.test)} of "
            f"{len(self.train) + len(self.test)}, counted from 0); training on the other "
            f"{len(self.train)}"
        )


def reject_options(config: DataConfig, *names: str) -> None:
    """Raise ConfigError if an option is given that the dataset does not take."""
    for name in names:
        value = getattr(config, name)
        if value is not None:
            raise ConfigError(
                f"data.{name} is {value!r}, but dataset {config.name!r} does not take it. Leave "
                f"data.{name} out, or choose another data.name."
            )


def check_made(count: int, size: int, seed: int, sizes: tuple[int, int], reason: str = "") -> None:
    """Check number, size in pixels and seed of images that a program makes.

    Raises:
        ConfigError: one of them is out of range; ``reason`` says why a size must be in ``sizes``.
    """
    if count < 2:
        raise ConfigError(
            f"data.num_images is {count}; it must be at least 2, one to train and one to test on."
        )
    if not sizes[0] <= size <= sizes[1]:
        raise ConfigError(
            f"data.image_size is {size}; it must be {sizes[0]} to {sizes[1]} pixels{reason}."
        )
    if seed < 0:
        raise ConfigError(f"data.seed is {seed}; it must be 0 or more.")


def require_root(config: DataConfig, contents: str) -> Path:
    """Return the root folder of a dataset; ``contents`` says in words what it must hold.

    Raises:
        ConfigError: no root is given.
        DataError: there is no such folder.
    """
    if config.root is None:
        raise ConfigError(
            f"dataset {config.name!r} needs data.root: the folder with {contents}. Pass it as "
            "--data.root FOLDER."
        )
    root = Path(config.root).expanduser()
    if not root.is_dir():
        what = "is a file, not a folder" if root.exists() else "does not exist"
        raise DataError(f"data.root {root} {what}; pass the folder with {contents}.")
    return root


def split_items(config: DataConfig, count: int, unit: str, default: str | None = None) -> Split:
    """Return the split of ``count`` items: ``config.test``, ``default`` or the last fifth.

    Raises:
        DataError: fewer than two items.
        ConfigError: not ``first-last``, outside of the items, or nothing left to train on.
    """
    if count < 2:
        raise DataError(
            f"dataset {config.name!r} has {count} {unit}; at least 2 are needed, one to train on "
            "and one to test on. Add more, or cut the one into several."
        )
    last_fifth = f"{count - max(1, count // 5)}-{count - 1}"
    text = config.test if config.test is not None else default or last_fifth
    match = re.fullmatch(r"\s*([0-9]+)\s*-\s*([0-9]+)\s*", text)
    if match is None:
        raise ConfigError(
            f"data.test is {text!r}; it must be first-last, two item numbers counted from 0, such "
            f"as {last_fifth!r}."
        )
    first, last = int(match[1]), int(match[2])
    if not first <= last < count:
        raise ConfigError(
            f"data.test is {text!r}, but there are {unit}s 0 to {count - 1}; first must not be "
            f"after last, and both must exist, as in {last_fifth!r}."
        )
    test = tuple(range(first, last + 1))
    if len(test) == count:
        raise ConfigError(
            f"data.test is {text!r}: all {count} {unit}s, so that none is left to train on. Hold "
            f"out fewer, such as {last_fifth!r}."
        )
    return Split(tuple(k for k in range(count) if not first <= k <= last), test)
