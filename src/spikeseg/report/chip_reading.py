"""The reader of the chip's files: of one program, and of the images of the evaluation."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spikeseg.chips import chip_names
from spikeseg.chips.boxes import Shape
from spikeseg.compiling.candidates import Candidate
from spikeseg.compiling.resources import RESOURCES, CoreUse
from spikeseg.errors import CorruptFileError, RunFolderError
from spikeseg.report.chip_results import Chip, ChipLayer
from spikeseg.report.records import Record, read_arrays, read_record
from spikeseg.report.results import Examples

FILES = {
    "cores.json": "compile",
    "chip_layers.json": "emulate",
    "chip_examples.npz": "emulate",
}
"""What the report needs of a chip, and the command that makes it."""


def read_chip(run: Path, stage: Record, examples: Examples) -> Chip:
    """Read what the report shows of the chip.

    Args:
        run: the run folder.
        stage: ``stages.chip`` of ``metrics.json``.
        examples: the images to which the masks belong.

    Raises:
        RunFolderError: a file is missing, or of another program or other images.
        CorruptFileError: a file is cut short or damaged.
        FormatVersionError: a file of another version.
    """
    for name, verb in FILES.items():
        if not (run / name).is_file():
            raise RunFolderError(f"{run} lacks {name}; `spikeseg {verb} {run}` writes it.")
    cores, rates = read_record(run / "cores.json"), read_record(run / "chip_layers.json")
    masks = _masks(run, stage, examples)
    for record in (cores, rates):
        _check_source(record.path, record.text("made_from"), stage)
    chip = cores.record("chip")
    if chip.text("name") not in chip_names():
        raise CorruptFileError(
            f"{cores.path}: there is no chip {chip.text('name')!r}; there are "
            f"{', '.join(chip_names())}. Run `spikeseg compile` again."
        )
    return Chip(
        name=chip.text("name"),
        title=chip.text("title"),
        rounding=cores.text("rounding"),
        cores_per_chip=chip.whole("cores"),
        num_cores=cores.whole("num_cores"),
        num_chips=cores.whole("num_chips"),
        least_cores=cores.whole("least_cores"),
        num_neurons=cores.whole("num_neurons"),
        num_host_neurons=cores.whole("num_host_neurons"),
        size=tuple(int(side) for side in cores.numbers("size")),
        layers=_layers(cores, rates),
        uses=tuple(use for layer in cores.records("layers") for use in _uses(layer)),
        masks=masks,
        input_spikes=stage.number("input_spikes_per_image"),
        overflows={k: stage.record("overflows").whole(k) for k in stage.values["overflows"]},
        output_spikes=stage.whole("output_spikes"),
    )


def _check_source(path: Path, found: str, stage: Record) -> None:
    if found != stage.text("made_from"):
        raise RunFolderError(
            f"{path} is of another program than the scores of the chip in {stage.path}; run "
            f"`spikeseg emulate {path.parent}`."
        )


def _masks(run: Path, stage: Record, examples: Examples) -> NDArray[np.uint8]:
    path = run / "chip_examples.npz"
    arrays = read_arrays(path, ("made_from", "names", "chip"))
    _check_source(path, str(arrays["made_from"]), stage)
    masks, names = arrays["chip"], tuple(str(name) for name in arrays["names"])
    if masks.shape != examples.ann.shape or names != examples.names or masks.dtype != np.uint8:
        raise RunFolderError(
            f"{path} holds masks {masks.shape} of {', '.join(names)}, and evaluation.npz "
            f"{examples.ann.shape} of {', '.join(examples.names)}; run `spikeseg emulate {run}`."
        )
    return masks


def _layers(cores: Record, rates: Record) -> tuple[ChipLayer, ...]:
    fired = {record.text("name"): record for record in rates.records("layers")}
    hosts = [_layer(record, fired, "host") for record in cores.records("host")]
    return (*hosts, *(_layer(record, fired, "chip") for record in cores.records("layers")))


def _layer(record: Record, fired: dict[str, Record], on: str) -> ChipLayer:
    name = record.text("name")
    rate = fired[name].number("mean_rate_hz") if name in fired else None
    if on == "host":
        return ChipLayer(name, on, _shape(record, "shape"), rate)
    return ChipLayer(
        name=name,
        on=on,
        shape=_shape(record, "shape"),
        mean_rate_hz=rate,
        tile=_shape(record, "tile"),
        cores=record.whole("cores"),
        least_cores=record.whole("least_cores"),
        largest={r: record.record("largest").number(r) for r in RESOURCES},
        mean={r: record.record("mean").number(r) for r in RESOURCES},
    )


def _shape(record: Record, key: str) -> Shape:
    sizes = tuple(int(size) for size in record.numbers(key))
    if len(sizes) != 3 or min(sizes) < 1:
        raise CorruptFileError(
            f"{record.path}: {record.place}.{key} is {list(sizes)}; it must be channels, rows and "
            "columns, 1 or more. Run `spikeseg compile` again."
        )
    return sizes


def _uses(layer: Record) -> list[CoreUse]:
    """Return the use of each core of a layer."""
    name = layer.text("name")
    boxes = Candidate(name, _shape(layer, "shape"), _shape(layer, "tile"), 0).boxes
    rows = layer.record("rows")
    columns = {resource: _unrolled(rows, resource) for resource in RESOURCES}
    if {len(values) for values in columns.values()} != {len(boxes)}:
        raise CorruptFileError(
            f"{layer.path}: {rows.place} is not of the {len(boxes)} cores that the tiles make. Run "
            "`spikeseg compile` again."
        )
    return [
        CoreUse(name, box, **{resource: columns[resource][i] for resource in RESOURCES})
        for i, box in enumerate(boxes)
    ]


def _unrolled(record: Record, key: str) -> list[int]:
    """Return numbers that are written as ``7*3 2``."""
    numbers: list[int] = []
    try:
        for word in record.text(key).split():
            value, _, count = word.partition("*")
            numbers += [int(value)] * int(count or 1)
    except ValueError as error:
        raise CorruptFileError(
            f"{record.path}: {record.place}.{key} is {record.text(key)[:40]!r}; it must be numbers "
            "such as `7*3 2`. Run `spikeseg compile` again."
        ) from error
    return numbers
