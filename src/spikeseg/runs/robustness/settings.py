"""Which corruptions, how strong, and of how many images."""

from collections.abc import Sequence
from dataclasses import dataclass

from spikeseg.data import SegmentationData
from spikeseg.errors import ConfigError
from spikeseg.robustness import CORRUPTIONS, check_fits, check_level, fitting

Plan = dict[str, tuple[float, ...]]
"""The levels of each corruption, from mild to severe."""


@dataclass(frozen=True)
class RobustnessSettings:
    """Which corruptions, how strong, of how many images.

    Attributes:
        corruptions: their names; all that fit the data if not given.
        levels: of the one corruption; every corruption's own set levels if not given.
        num_images: how many test images, from the first; all if not given.
        seed: what chance is drawn from.

    Raises:
        ConfigError: a value out of range, a name or level twice, or levels for several corruptions.
        UnknownNameError: there is no such corruption.
    """

    corruptions: tuple[str, ...] | None = None
    levels: tuple[float, ...] | None = None
    num_images: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        _check_different("corruptions", self.corruptions)
        _check_different("levels", self.levels)
        if self.seed < 0:
            raise ConfigError(f"seed is {self.seed}; it must be 0 or more.")
        if self.num_images is not None and self.num_images < 1:
            raise ConfigError(f"images is {self.num_images}; it must be at least 1.")
        if self.levels is not None and len(self.corruptions or ()) != 1:
            raise ConfigError(
                f"levels are given for {len(self.corruptions or ()) or 'all'} corruptions, whose "
                "units differ; name one with --corruptions, or leave --levels out."
            )
        for name in self.corruptions or ():
            for level in self.levels or CORRUPTIONS.get(name).levels:
                check_level(name, level)

    def plan(self, data: SegmentationData) -> Plan:
        """Return the levels of each corruption, from mild to severe.

        Raises:
            ConfigError: a corruption does not fit the data.
        """
        chosen = fitting(data.events) if self.corruptions is None else self.corruptions
        for name in chosen:
            check_fits(name, data.events)

        def levels(name: str) -> tuple[float, ...]:
            corruption = CORRUPTIONS.get(name)
            wanted = self.levels or corruption.levels
            return tuple(sorted(wanted, key=lambda level: abs(level - corruption.clean)))

        return {name: levels(name) for name in chosen}


def _check_different(name: str, values: Sequence[object] | None) -> None:
    if values is not None and (not values or len(set(values)) < len(values)):
        raise ConfigError(f"{name} is {list(values)}; it takes different values, at least one.")
