"""The reader of ``robustness.json``: networks on corrupted images."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from spikeseg.errors import CorruptFileError
from spikeseg.files import sha256
from spikeseg.report.records import Record, read_record
from spikeseg.report.words import plural, stage_label

STAGES = ("ann", "snn", "direct")
"""What a network can be."""


@dataclass(frozen=True)
class Levels:
    """One corruption: its levels from mild to severe, in its unit."""

    name: str
    title: str
    unit: str
    levels: tuple[float, ...]


@dataclass(frozen=True)
class Scored:
    """One network: mIoU on clean images, and for each corruption at each of its levels.

    Attributes:
        label: what it is called.
        run_index: which of the runs it is of, from 0.
        stage: ``ann``, ``snn`` or ``direct``.
        clean: mIoU on clean images.
        miou: mIoU of each corruption at each level.
    """

    label: str
    run_index: int
    stage: str
    clean: float
    miou: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True)
class Robustness:
    """What the report shows of ``robustness.json``.

    Attributes:
        corruptions: in the order of the file.
        networks: those of the run itself first.
        num_images: test images that were corrupted.
        num_test: test images that there are.
        notes: what should be said aloud.
        constant: mIoU of one class everywhere.
        constant_class: that class.
    """

    corruptions: tuple[Levels, ...]
    networks: tuple[Scored, ...]
    num_images: int
    num_test: int
    notes: tuple[str, ...]
    constant: float
    constant_class: str


def read_robustness(run: Path, source: str) -> Robustness | None:
    """Read what the report shows; None without the file, or if it is of other networks or images.

    Args:
        run: the folder.
        source: what the test images of the run's scores are known by.

    Raises:
        CorruptFileError: the file is damaged.
        FormatVersionError: it is of another version.
    """
    path = run / "robustness.json"
    if not path.is_file():
        return None
    record = read_record(path)
    networks, data = record.records("networks"), record.record("data")
    if data.text("source") != source or not all(_is_present(run, n) for n in networks):
        return None
    corruptions = tuple(_levels(one) for one in record.records("corruptions"))
    constant = record.record("constant")
    return Robustness(
        corruptions=corruptions,
        networks=tuple(_scored(n, networks, corruptions) for n in networks),
        num_images=data.whole("num_images"),
        num_test=data.whole("num_test"),
        notes=record.texts("notes"),
        constant=constant.number("miou"),
        constant_class=constant.text("class"),
    )


def _is_present(run: Path, network: Record) -> bool:
    """Return whether a network, if it is of this run, is the one that the run has now."""
    if network.whole("run_index"):
        return True
    made_from = network.record("made_from")
    paths = {name: run / name for name in made_from.values}
    return all(p.is_file() and sha256(p) == made_from.text(n) for n, p in paths.items())


def _stage(network: Record) -> str:
    stage = network.text("stage")
    if stage not in STAGES:
        raise _damaged(network, f"stage is {stage!r}; it must be one of {', '.join(STAGES)}")
    return stage


def _levels(record: Record) -> Levels:
    found = record.numbers("levels")
    if not found:
        raise _damaged(record, "there is no level; there must be one at least")
    return Levels(record.text("name"), record.text("title"), record.text("unit"), found)


def _scored(
    network: Record, networks: tuple[Record, ...], corruptions: tuple[Levels, ...]
) -> Scored:
    scores, stage = network.record("scores"), _stage(network)
    miou = {}
    for one in corruptions:
        miou[one.name] = tuple(level.number("miou") for level in scores.records(one.name))
        if len(miou[one.name]) != len(one.levels):
            found = f"{len(miou[one.name])} scores of {one.name} for {len(one.levels)} levels"
            raise _damaged(scores, f"there are {found}; there must be one a level")
    label = stage_label(stage)
    if len({other.text("run") for other in networks}) > 1:
        label = f"{network.text('run')}: {label}"
    if stage != "ann":
        label = f"{label}, {plural(network.whole('num_steps'), 'step')}"
    clean = scores.record("clean").number("miou")
    return Scored(label, network.whole("run_index"), stage, clean, miou)


def _damaged(record: Record, found: str) -> CorruptFileError:
    return CorruptFileError(
        f"{record.path}: {record.place}: {found}. Run `spikeseg robustness {record.path.parent}` "
        "again."
    )
