"""The reader of a run folder: every file that the report shows, checked and typed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spikeseg.config import IGNORE_INDEX
from spikeseg.errors import CorruptFileError, RunFolderError
from spikeseg.report.chip_reading import read_chip
from spikeseg.report.direct_reading import read_direct
from spikeseg.report.energy_reading import read_energy
from spikeseg.report.history import read_history
from spikeseg.report.records import Record, read_arrays, read_record
from spikeseg.report.results import (
    Baseline,
    CurvePoint,
    Examples,
    Layer,
    RunResults,
    Stage,
)
from spikeseg.report.robustness_reading import read_robustness

FILES = {
    "config.json": "train",
    "history.csv": "train",
    "metrics.json": "evaluate",
    "layers.json": "evaluate",
    "evaluation.npz": "evaluate",
}
"""What the report needs, and the command that makes it."""


def read_run(run: Path, beside: Sequence[Path] = ()) -> RunResults:
    """Read the files of a run folder that the report shows.

    Args:
        run: the folder.
        beside: folders of other runs, of which energy against accuracy is shown too.

    Raises:
        RunFolderError: a file or a stage is missing; names it and the command that makes it.
        CorruptFileError: a file is cut short or damaged.
        FormatVersionError: a file of another version.
    """
    run = Path(run)
    _require_files(run)
    config = read_record(run / "config.json")
    _require_analog(config)
    metrics, layers = read_record(run / "metrics.json"), read_record(run / "layers.json")
    data = metrics.record("data")
    names = data.texts("class_names")
    examples = _examples(run / "evaluation.npz", len(names))
    stages = metrics.record("stages")
    chip, direct = stages.optional_record("chip"), stages.optional_record("direct")
    return RunResults(
        run=run,
        config=config,
        metrics=metrics,
        data=data,
        class_names=names,
        membrane_class=_membrane_class(data, len(names)),
        stages=_stages(metrics, len(names)),
        curve=curve_points(metrics, "curve"),
        layers=tuple(_layer(layer) for layer in layers.records("layers")),
        band_hz=_band(layers),
        percentile=layers.number("percentile"),
        layer_facts=layers,
        history=read_history(run / "history.csv"),
        examples=examples,
        baseline=_baseline(metrics, len(names)),
        direct=read_direct(run, direct, curve_points(metrics, "direct_curve"), examples)
        if direct
        else None,
        chip=read_chip(run, chip, examples) if chip else None,
        energy=read_energy(run, chip, beside),
        robustness=read_robustness(run, data.text("source")),
    )


def _membrane_class(data: Record, num_classes: int) -> int | None:
    if data.optional("membrane_class") is None:
        return None
    membrane = data.whole("membrane_class")
    if not 0 <= membrane < num_classes:
        raise CorruptFileError(
            f"{data.path}: {data.place}.membrane_class is {membrane}; there are {num_classes} "
            "classes, counted from 0. Run `spikeseg evaluate` again."
        )
    return membrane


def _require_files(run: Path) -> None:
    missing = [name for name in FILES if not (run / name).is_file()]
    if missing:
        commands = ", ".join(f"{name} (made by `spikeseg {FILES[name]}`)" for name in missing)
        raise RunFolderError(
            f"{run} lacks {commands}. The report needs {', '.join(FILES)}; make what is missing, "
            "or make all of it with `spikeseg run`."
        )


def _require_analog(config: Record) -> None:
    """Refuse a run without the analog network that everything in the report is compared with."""
    if config.record("config").record("network").optional_record("spiking"):
        run = config.path.parent
        raise RunFolderError(
            f"the network of {run} was trained through its spikes; the report compares such a "
            "network with an analog one, which this run lacks. `spikeseg evaluate` gives its "
            "scores; for a report run `spikeseg run` with its settings of network.spiking as "
            "direct, which trains both."
        )


def _stages(record: Record, num_classes: int) -> tuple[Stage, ...]:
    stages = record.record("stages")
    for key in ("ann", "snn"):
        if key not in stages.values:
            raise RunFolderError(
                f"{stages.path} has no stage {key!r} in {stages.place}; the report compares 'ann' "
                "and 'snn'. Score both with `spikeseg evaluate`."
            )
    return tuple(_stage(key, stages.record(key), num_classes) for key in stages.values)


def _stage(key: str, record: Record, num_classes: int) -> Stage:
    iou, dice = record.optionals("iou"), record.optionals("dice_per_class")
    if not len(iou) == len(dice) == num_classes:
        raise CorruptFileError(
            f"{record.path}: {record.place} has {len(iou)} iou and {len(dice)} dice_per_class; "
            f"there must be one for each of the {num_classes} classes. Run `spikeseg evaluate`."
        )
    scores: dict[str, float | None] = {
        name: record.number(name) for name in ("pixel_accuracy", "miou", "dice")
    }
    scores |= {name: record.optional(name) for name in ("v_rand", "v_info")}
    return Stage(
        key=key,
        scores=scores,
        iou=iou,
        dice_per_class=dice,
        num_steps=record.whole("num_steps"),
        mean_steps_used=record.optional("mean_steps_used") or record.whole("num_steps"),
        spikes_per_neuron=record.number("spikes_per_neuron"),
        operations=record.number("synaptic_operations_per_image"),
        operation=record.text("operation"),
    )


def curve_points(metrics: Record, key: str) -> tuple[CurvePoint, ...]:
    """Return the scores after every step; none where the file has none."""
    if key not in metrics.values:
        return ()
    return tuple(_curve_point(point) for point in metrics.records(key))


def _curve_point(record: Record) -> CurvePoint:
    return CurvePoint(
        record.whole("num_steps"), record.number("pixel_accuracy"), record.number("miou")
    )


def _layer(record: Record) -> Layer:
    histogram = record.record("rate_histogram")
    edges, counts = histogram.numbers("edges_hz"), histogram.numbers("counts")
    if len(edges) != len(counts) + 1 or len(counts) < 1 or list(edges) != sorted(set(edges)):
        raise CorruptFileError(
            f"{record.path}: {histogram.place} has {len(edges)} edges and {len(counts)} counts; "
            "K counts need K + 1 ascending edges. Run `spikeseg evaluate` again."
        )
    if record.whole("num_neurons") < 1:
        raise CorruptFileError(
            f"{record.path}: {record.place}.num_neurons is {record.whole('num_neurons')}; a layer "
            "has at least 1 neuron. Run `spikeseg evaluate` again."
        )
    under, inside, over = (record.number(f"{name}_band") for name in ("under", "in", "over"))
    return Layer(
        name=record.text("name"),
        shape=tuple(int(size) for size in record.numbers("shape")),
        num_neurons=record.whole("num_neurons"),
        threshold=record.number("threshold"),
        edges_hz=edges,
        counts=counts,
        shares=(under, inside, over),
        mean_rate_hz=record.number("mean_rate_hz"),
        dead=record.whole("dead"),
        saturated=record.whole("saturated"),
        relative_error=record.number("relative_error"),
        operations=record.number("synaptic_operations_per_image"),
    )


def _band(record: Record) -> tuple[float, float]:
    band = record.numbers("band_hz")
    if len(band) != 2 or not band[0] < band[1]:
        raise CorruptFileError(
            f"{record.path}: band_hz is {list(band)}; it must be two ascending rates in Hz. Run "
            "`spikeseg evaluate` again."
        )
    return band[0], band[1]


def _baseline(metrics: Record, num_classes: int) -> Baseline | None:
    record = metrics.optional_record("baseline")
    if record is None:
        return None
    layers = tuple(_layer(layer) for layer in record.records("layers"))
    return Baseline(_stages(record, num_classes), layers)


def _examples(path: Path, num_classes: int) -> Examples:
    names = ("names", "images", "masks", "ann", "snn", "steps", "forming")
    arrays = read_arrays(path, names)
    _check_shapes(path, arrays)
    for name in ("masks", "ann", "snn", "forming"):
        labels = np.unique(arrays[name])
        bad = labels[(labels >= num_classes) & (labels != IGNORE_INDEX)]
        if len(bad):
            raise CorruptFileError(
                f"{path}: {name} holds the label {bad[0]}; there are {num_classes} classes, and "
                f"{IGNORE_INDEX} is ignored. Run `spikeseg evaluate` again."
            )
    return Examples(
        names=tuple(str(name) for name in arrays["names"]),
        steps=tuple(int(step) for step in arrays["steps"]),
        **{name: arrays[name] for name in ("images", "masks", "ann", "snn", "forming")},
    )


def _check_shapes(path: Path, arrays: dict[str, np.ndarray[Any, Any]]) -> None:
    size = arrays["masks"].shape
    num_steps = len(np.atleast_1d(arrays["steps"]))
    allowed = {
        "names": [size[:1]],
        "images": [size, (*size, 3)],
        "masks": [size],
        "ann": [size],
        "snn": [size],
        "steps": [(num_steps,)],
        "forming": [(*size[:1], num_steps, *size[1:])],
    }
    for name, shapes in allowed.items():
        shape = arrays[name].shape
        is_typed = name in ("names", "steps") or arrays[name].dtype == np.uint8
        if len(size) != 3 or 0 in shape or shape not in shapes or not is_typed:
            raise CorruptFileError(
                f"{path}: {name} is {arrays[name].dtype} of shape {shape}, and masks are of shape "
                f"{size}; masks must be (N, H, W) uint8 and {name} must fit them. Run "
                "`spikeseg evaluate` again."
            )
