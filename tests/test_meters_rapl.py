"""RAPL: packages summed once, wrap-around, and a reason where there is nothing to read."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeseg.meters import Missing, find_rapl
from spikeseg.meters.rapl import Rapl


def zone(root: Path, folder: str, name: str, energy: int, span: int = 262143328850) -> Path:
    path = root / folder
    path.mkdir(parents=True)
    (path / "name").write_text(f"{name}\n")
    (path / "energy_uj").write_text(f"{energy}\n")
    (path / "max_energy_range_uj").write_text(f"{span}\n")
    return path


def spend(path: Path, microjoules: int) -> None:
    """Advance a counter as the kernel does."""
    span = int((path / "max_energy_range_uj").read_text())
    now = (int((path / "energy_uj").read_text()) + microjoules) % span
    (path / "energy_uj").write_text(f"{now}\n")


def found(root: Path) -> Rapl:
    meter = find_rapl(root)
    assert isinstance(meter, Rapl), meter
    return meter


def test_packages_are_summed_and_their_parts_and_doubles_are_not(tmp_path: Path) -> None:
    packages = [zone(tmp_path, f"intel-rapl:{n}", f"package-{n}", 10**9 * n) for n in range(2)]
    others = [
        zone(tmp_path, "intel-rapl:0:0", "core", 5),
        zone(tmp_path, "intel-rapl:0:1", "dram", 5),
        zone(tmp_path, "intel-rapl:2", "psys", 5),
        zone(tmp_path, "intel-rapl-mmio:0", "package-0", 5),
    ]
    (tmp_path / "intel-rapl").mkdir()
    meter = found(tmp_path)
    before = meter.read()
    spend(packages[0], 3_000_000)
    spend(packages[1], 500_000)
    for other in others:
        spend(other, 70_000_000)
    assert meter.joules(before, meter.read()) == 3.5
    assert "package-0, package-1" in meter.covers


@given(
    span=st.integers(1, 2**62),
    starts=st.lists(st.integers(0, 2**62), min_size=1, max_size=3),
    data=st.data(),
)
def test_a_counter_that_wraps_around_loses_nothing(
    span: int, starts: list[int], data: st.DataObject
) -> None:
    before = tuple(start % span for start in starts)
    spent = [data.draw(st.integers(0, span - 1)) for _ in starts]
    after = tuple((start + more) % span for start, more in zip(before, spent, strict=True))
    zones = tuple(Path(str(n)) for n in range(len(starts)))
    meter = Rapl(zones, tuple(map(str, zones)), (span,) * len(starts))
    assert meter.joules(before, after) == sum(spent) / 1e6


@pytest.mark.parametrize("made", [False, True], ids=["no folder", "an empty folder"])
def test_without_a_package_it_is_missing_and_says_why(tmp_path: Path, made: bool) -> None:
    root = tmp_path / "powercap"
    if made:
        root.mkdir()
    meter = find_rapl(root)
    assert isinstance(meter, Missing)
    assert str(meter).startswith(f"not measurable here: {root} has no package")


def test_a_counter_of_root_s_alone_is_missing_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = zone(tmp_path, "intel-rapl:0", "package-0", 7) / "energy_uj"
    read = Path.read_text

    def refuse(self: Path, *args: object, **options: object) -> str:
        if self == path:  # as root, the mode of the file would not stop the test
            raise PermissionError(13, "Permission denied", str(path))
        return read(self)

    monkeypatch.setattr(Path, "read_text", refuse)
    meter = find_rapl(tmp_path)
    assert isinstance(meter, Missing)
    for part in (str(path), f"sudo chmod a+r {tmp_path}/*/energy_uj", "udev", "energy_uj"):
        assert part in meter.reason


def test_a_counter_that_shows_no_number_is_missing(tmp_path: Path) -> None:
    (zone(tmp_path, "intel-rapl:0", "package-0", 7) / "energy_uj").write_text("")
    meter = find_rapl(tmp_path)
    assert isinstance(meter, Missing)
    assert "do not answer" in meter.reason
