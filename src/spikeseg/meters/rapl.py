"""RAPL: the energy counters of processors, as Linux shows them under ``/sys/class/powercap``.

Each package has a counter of microjoules that wraps around at ``max_energy_range_uj`` (Linux,
Documentation/power/powercap/powercap.rst). Intel's and AMD's processors have them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from spikeseg.meters.reading import Missing

POWERCAP = Path("/sys/class/powercap")
_UDEV = (
    'SUBSYSTEM=="powercap", ACTION=="add", RUN+="/bin/chmod a+r /sys/class/powercap/%k/energy_uj"'
)


@dataclass(frozen=True)
class Rapl:
    """The packages of this machine.

    Attributes:
        zones: the folder of each package.
        packages: their names.
        ranges: where each one's counter wraps around, in microjoules.
    """

    zones: tuple[Path, ...]
    packages: tuple[str, ...]
    ranges: tuple[int, ...]

    name = "rapl"

    @property
    def covers(self) -> str:
        """In words, what its energy is that of, and what is not in it."""
        return (
            f"processor {', '.join(self.packages)}, all programs on it; without memory modules, "
            "disks, fans and power supply"
        )

    def read(self) -> tuple[int, ...]:
        """Return the counters of the packages, in microjoules."""
        return tuple(int((zone / "energy_uj").read_text()) for zone in self.zones)

    def joules(self, before: tuple[int, ...], after: tuple[int, ...]) -> float:
        """Return the energy of all packages between two readings, in joules.

        A counter that shows less than before has wrapped around, once: the smallest known range,
        65,532 J, lasts over a minute at 1,000 W.

        >>> Rapl((Path("x"),), ("package-0",), (1000,)).joules((900,), (50,))
        0.00015
        """
        spent = (
            end - start if end >= start else end - start + span
            for start, end, span in zip(before, after, self.ranges, strict=True)
        )
        return sum(spent) / 1e6


def find_rapl(root: Path = POWERCAP) -> Rapl | Missing:
    """Return the packages whose counters can be read, or why there are none.

    Args:
        root: the folder of the kernel's zones.
    """
    zones = dict(_packages(root))
    if not zones:
        return Missing(
            "rapl",
            f"{root} has no package of a processor. The kernel shows none in most virtual machines "
            "and containers; measure on the bare machine.",
        )
    try:
        ranges = tuple(int((z / "max_energy_range_uj").read_text()) for z in zones.values())
        found = Rapl(tuple(zones.values()), tuple(zones), ranges)
        found.read()
    except PermissionError as error:
        return Missing(
            "rapl",
            f"{error.filename} may be read by root only. Allow it until the next start with `sudo "
            f"chmod a+r {root}/*/energy_uj`, or for good with the udev rule '{_UDEV}'.",
        )
    except (OSError, ValueError) as error:
        return Missing("rapl", f"the counters under {root} do not answer ({error}).")
    return found


def _packages(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield name and folder of each package once.

    Zones with a second number are parts of a package (cores, memory), ``psys`` holds the packages,
    and ``intel-rapl-mmio`` shows the same packages as ``intel-rapl``: summed, they would count
    twice.
    """
    seen: set[str] = set()
    for zone in sorted(root.glob("*rapl*"), key=lambda z: ("mmio" in z.name, z.name)):
        label = zone / "name"
        if not re.fullmatch(r"[a-z-]+:\d+", zone.name) or not label.is_file():
            continue
        name = label.read_text().strip()
        if name.startswith("package") and name not in seen:
            seen.add(name)
            yield name, zone
