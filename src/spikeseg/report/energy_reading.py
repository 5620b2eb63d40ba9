"""The reader of ``energy.json``: of one program, under tables of costs, against rivals."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from spikeseg.chips import load_chip
from spikeseg.errors import CorruptFileError, RunFolderError
from spikeseg.report.chip_map_reading import read_chip_map
from spikeseg.report.energy_results import (
    Band,
    Bounds,
    ChipMap,
    Curve,
    Energy,
    EnergyPoint,
    Judged,
    TableAccount,
)
from spikeseg.report.records import Record, read_record

PARTS = ("idle_neurons", "active_neurons", "synapses", "network", "static")
OUTCOMES = ("wins", "loses", "undecided")
COUNTS = ("spikes", "synaptic_operations", "updates", "packets_out", "inter_chip_packets")


def read_energy(run: Path, stage: Record | None, beside: Sequence[Path] = ()) -> Energy | None:
    """Read what the report shows of energy; None where the run has no ``energy.json``.

    Args:
        run: the run folder.
        stage: ``stages.chip`` of ``metrics.json``, if it is there.
        beside: folders of other runs, whose curves are shown with this one's.

    Raises:
        RunFolderError: it is of another program than the chip's scores; or another run has none,
            or counts something else.
        CorruptFileError: a file is cut short or damaged.
        FormatVersionError: a file of another version.
    """
    path = run / "energy.json"
    if not path.is_file():
        if beside:
            raise _lacking(run)
        return None
    record = read_record(path)
    chip = load_chip(_scored(record, stage).text("chip"))
    curve = _curve(run, record)
    chip_map = read_chip_map(record.record("map"), chip.cores)
    others = tuple(_other(Path(other), curve) for other in beside)
    return _energy(record, chip_map, curve, others)


def _lacking(run: Path) -> RunFolderError:
    return RunFolderError(f"{run} has no energy.json to compare; run `spikeseg energy {run}`.")


def _scored(record: Record, stage: Record | None) -> Record:
    """Return the stage of the chip, which must be of the same program."""
    run = record.path.parent
    if stage is None:
        raise RunFolderError(
            f"{record.path} is of a program whose scores are not in {run / 'metrics.json'}; run "
            f"`spikeseg emulate {run}`."
        )
    if record.text("made_from") != stage.text("made_from"):
        raise RunFolderError(
            f"{record.path} is of another program than the scores of the chip in {stage.path}; run "
            f"`spikeseg energy {run}`."
        )
    if record.whole("num_steps") != stage.whole("num_steps"):
        raise RunFolderError(
            f"{record.path} is of {record.whole('num_steps')} steps, and the scores of the chip in "
            f"{stage.path} of {stage.whole('num_steps')}; run `spikeseg emulate {run}`, or "
            f"`spikeseg energy {run}`."
        )
    return stage


def _damaged(record: Record, found: str, allowed: str) -> CorruptFileError:
    place = f"{record.place}: " if record.place else ""
    return CorruptFileError(
        f"{record.path}: {place}{found}; {allowed}. Run `spikeseg energy {record.path.parent}` "
        "again."
    )


def _energy(record: Record, chip_map: ChipMap, curve: Curve, beside: tuple[Curve, ...]) -> Energy:
    tables, ledger = record.record("tables"), record.record("ledger")
    accounts = tuple(_account(account, tables) for account in record.records("accounts"))
    num_images = ledger.whole("num_images")
    if num_images < 1 or not accounts:
        found = f"{num_images} images are counted, under {len(accounts)} tables"
        raise _damaged(record, found, "both must be 1 or more")
    total = ledger.record("total")
    return Energy(
        tiles_per_image=record.number("tiles_per_image"),
        pixels_per_image=record.number("pixels_per_image"),
        num_images=num_images,
        num_steps=record.whole("num_steps"),
        num_chips=record.whole("chips"),
        num_cores=ledger.whole("num_cores"),
        spike_rate=record.number("spike_rate"),
        totals={name: total.number(name) / num_images for name in COUNTS},
        host_multiplications=record.whole("host_multiplications"),
        leaves_out={name: tables.record(name).texts("leaves_out") for name in tables.values},
        accounts=accounts,
        chip_map=chip_map,
        curve=curve,
        beside=beside,
    )


def _sides(record: Record, key: str) -> tuple[int, int]:
    sides = record.numbers(key)
    if len(sides) != 2 or min(sides) < 1:
        raise _damaged(record, f"{key} is {list(sides)}", "it must be height and width in pixels")
    return int(sides[0]), int(sides[1])


def _account(record: Record, tables: Record) -> TableAccount:
    name, estimate = record.text("table"), record.record("estimate")
    parts, total = _parts(estimate.record("parts")), _bounds(estimate, "total")
    if not math.isclose(sum(part.value for part in parts.values()), total.value, rel_tol=1e-6):
        raise _damaged(estimate, f"total is {total.value}", "it must be the sum of the parts")
    seconds = estimate.optional_record("seconds")
    unpriced = estimate.record("left_out")
    return TableAccount(
        name=name,
        title=tables.record(name).text("title"),
        parts=parts,
        total=total,
        seconds=_bounds(estimate, "seconds") if seconds else None,
        unpriced={event: unpriced.number(event) for event in unpriced.values},
        verdicts=_verdicts(record),
    )


def _parts(record: Record) -> Mapping[str, Bounds]:
    names = [part for part in PARTS if part != "static" or part in record.values]
    return {name: _bounds(record, name) for name in names}


def _bounds(record: Record, key: str) -> Bounds:
    found = record.record(key)
    bounds = Bounds(*(found.number(name) for name in ("low", "value", "high")))
    if not 0 <= bounds.low <= bounds.value <= bounds.high:
        raise _damaged(found, f"{bounds}", "bounds must ascend, from 0 or more")
    return bounds


def _verdicts(record: Record) -> tuple[Judged, ...]:
    """Pair each verdict with its rival; both lists have the same order."""
    rivals, verdicts = record.records("rivals"), record.records("verdicts")
    if [(r.text("key"), r.text("table")) for r in rivals] != [
        (v.text("rival"), v.text("rival_table")) for v in verdicts
    ]:
        raise _damaged(record, "verdicts are not of the rivals", "there must be one for each")
    return tuple(_judged(*pair) for pair in zip(rivals, verdicts, strict=True))


def _judged(rival: Record, verdict: Record) -> Judged:
    outcome, factor = verdict.text("outcome"), verdict.optional("factor")
    if outcome not in OUTCOMES or (factor is not None and factor <= 0):
        found = f"outcome {outcome!r} by {factor}"
        raise _damaged(verdict, found, f"it must be {', '.join(OUTCOMES)}, by more than 0")
    return Judged(
        rival=rival.text("key"),
        title=rival.text("title"),
        table=rival.text("table"),
        energy=_bounds(rival, "energy"),
        outcome=outcome,
        factor=factor,
        break_even=verdict.optional("break_even"),
        sentence=verdict.text("sentence"),
    )


def _other(run: Path, curve: Curve) -> Curve:
    """Read the curve of another run, which must count the same thing under a shared table."""
    path = run / "energy.json"
    if not path.is_file():
        raise _lacking(run)
    other = _curve(run, read_record(path))
    _check_points(curve)
    _check_points(other)
    if not _alike(other, curve):
        raise RunFolderError(
            f"{path} counts {_subject(other)}, and {curve.path} {_subject(curve)}; energies can be "
            "compared only for the same images in the same parts. Leave it out of --beside."
        )
    if not set(other.points[0].totals) & set(curve.points[0].totals):
        raise RunFolderError(
            f"{path} has none of the tables {', '.join(curve.points[0].totals)}; run "
            f"`spikeseg energy {run} --tables {next(iter(curve.points[0].totals))}`."
        )
    return other


def _check_points(curve: Curve) -> None:
    if not curve.points:
        raise RunFolderError(
            f"{curve.path} has no energy at several numbers of steps to compare; run "
            f"`spikeseg energy {curve.path.parent} --steps 8 16 32`."
        )


def _alike(one: Curve, other: Curve) -> bool:
    """Return whether both are of the same test images; either may have counted more of them."""
    sizes = (one.image_size, one.size) == (other.image_size, other.size)
    return sizes and all(a == b for a, b in zip(one.images, other.images, strict=False))


def _subject(curve: Curve) -> str:
    part, whole = (" x ".join(map(str, sides)) for sides in (curve.size, curve.image_size))
    return f"parts of {part} pixels of images of {whole} ({', '.join(curve.images)[:60]})"


def _curve(run: Path, record: Record) -> Curve:
    """Read energy against accuracy, sorted by steps; a number that was given twice counts once."""
    points = {point.num_steps: point for point in map(_point, record.records("curve"))}
    names = [account.text("table") for account in record.records("accounts")]
    for point in points.values():
        if set(point.totals) != set(names):
            found = f"curve has energies under {', '.join(point.totals) or 'no table'}"
            raise _damaged(record, found, f"they must be under {', '.join(names)}")
    return Curve(
        path=record.path,
        run=run.resolve().name,
        band=_band(record.record("band")),
        image_size=_sides(record, "image_size"),
        size=_sides(record, "size"),
        images=record.texts("images"),
        points=tuple(points[number] for number in sorted(points)),
    )


def _band(record: Record) -> Band:
    band = Band(*(record.number(name) for name in ("weight", "min_hz", "max_hz")))
    if band.weight < 0 or not 0 <= band.min_hz < band.max_hz:
        raise _damaged(record, f"{band}", "it must be a weight of 0 or more and ascending rates")
    return band


def _point(record: Record) -> EnergyPoint:
    totals = record.record("totals")
    return EnergyPoint(
        num_steps=record.whole("num_steps"),
        pixel_accuracy=record.number("pixel_accuracy"),
        miou=record.number("miou"),
        spikes_per_neuron=record.number("spikes_per_neuron"),
        operations=record.number("synaptic_operations"),
        totals={name: _bounds(totals, name) for name in totals.values},
    )
