"""The tables of the report: stages beside each other, and with and without the regularizer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from spikeseg.report.results import Baseline, Layer, RunResults, Stage
from spikeseg.report.words import NONE, amount, difference, percent, plain, score, stage_label

Value = float | None


@dataclass(frozen=True)
class Cell:
    """One cell: its text, and ``better``, ``worse`` or nothing for a difference."""

    text: str
    style: str = ""


@dataclass(frozen=True)
class Row:
    """One row: a name, what it means, and its cells."""

    key: str
    name: str
    hint: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """A table with its column heads."""

    heads: tuple[str, ...]
    rows: tuple[Row, ...]


SCORES = (
    ("pixel_accuracy", "Pixel accuracy", "share of pixels in the right class"),
    ("miou", "mIoU", "intersection over union, mean over classes"),
    ("dice", "Dice", "overlap (F1 of the pixels), mean over classes"),
    ("v_rand", Markup("V<sup>Rand</sup>"), "are pixels grouped into the right cells?"),
    ("v_info", Markup("V<sup>Info</sup>"), "the same by shared information"),
)


def stage_table(results: RunResults) -> Table:
    """Put all stages into columns, each after the first with its difference from the first."""
    stages = results.stages
    first, *others = [stage_label(stage.key) for stage in stages]
    heads = [first, *(head for label in others for head in (label, "difference"))]
    return Table(tuple(heads), (*_score_rows(stages), *_work_rows(stages)))


def class_table(results: RunResults) -> Table:
    """Put IoU and Dice of every class in rows, the stages in columns."""
    rows = _class_rows(results.stages, results.class_names)
    return Table(stage_table(results).heads, tuple(rows))


def _score_rows(stages: Sequence[Stage]) -> list[Row]:
    rows = []
    for key, name, hint in SCORES:
        values = [stage.scores[key] for stage in stages]
        if any(value is not None for value in values):
            rows.append(Row(key, name, hint, _with_differences(values)))
    return rows


def _class_rows(stages: Sequence[Stage], names: tuple[str, ...]) -> list[Row]:
    rows = []
    for kind, title in (("iou", "IoU"), ("dice_per_class", "Dice")):
        for index, name in enumerate(names):
            values = [getattr(stage, kind)[index] for stage in stages]
            cells = _with_differences(values)
            rows.append(Row(f"{kind}-{index}", f"{title}, {name}", "", cells))
    return rows


def _with_differences(values: Sequence[Value]) -> tuple[Cell, ...]:
    first, *others = values
    cells = [Cell(score(first))]
    for value in others:
        cells += [Cell(score(value)), _difference(first, value)]
    return tuple(cells)


def _difference(first: Value, second: Value) -> Cell:
    if first is None or second is None:
        return Cell(NONE)
    text = difference(second - first)
    return Cell(text, {"+": "better", "0": ""}.get(text[0], "worse"))


def _work_rows(stages: Sequence[Stage]) -> list[Row]:
    spikes = [plain(s.spikes_per_neuron) if s.spikes_per_neuron else NONE for s in stages]
    work = [f"{amount(stage.operations)} {stage.operation}s" for stage in stages]
    reference = stages[0].operations
    ratios = [f"× {stage.operations / reference:.3g}" if reference else NONE for stage in stages]
    return [
        _row("num_steps", "Time steps", "for one image", [_steps(s) for s in stages]),
        _row("spikes", "Spikes per neuron", "for one image, mean over neurons", spikes),
        _row("operations", "Synaptic operations", "for one image, counted", work, ratios),
    ]


def _steps(stage: Stage) -> str:
    if stage.mean_steps_used == stage.num_steps:
        return str(stage.num_steps)
    return f"{stage.mean_steps_used:.1f} of {stage.num_steps}"


def _row(
    key: str, name: str, hint: str, texts: Sequence[str], beside: Sequence[str] | None = None
) -> Row:
    cells = [Cell(texts[0])]
    for index, text in enumerate(texts[1:], start=1):
        cells += [Cell(text), Cell(beside[index] if beside else "")]
    return Row(key, name, hint, tuple(cells))


def band_share(layers: Sequence[Layer], which: int) -> float:
    """Return the share of all neurons under (0), in (1) or over (2) the band."""
    total = sum(layer.num_neurons for layer in layers)
    return sum(layer.shares[which] * layer.num_neurons for layer in layers) / max(total, 1)


def regularizer_table(results: RunResults, baseline: Baseline) -> Table:
    """Compare the run with the same network trained without the firing-rate regularizer."""
    pair = (Baseline(results.stages, results.layers), baseline)

    def compare(name: str, value: Callable[[Baseline], float]) -> Row:
        with_it, without = (value(run) for run in pair)
        cells = (Cell(score(with_it)), Cell(score(without)), _difference(without, with_it))
        return Row(name, name, "", cells)

    rows = [
        compare("mIoU of the ANN", lambda run: _miou(run, "ann")),
        compare("mIoU of the spiking network", lambda run: _miou(run, "snn")),
        compare("mIoU lost by spiking", lambda run: _miou(run, "ann") - _miou(run, "snn")),
    ]
    rows[2] = _flipped(rows[2])
    heads = ("with the regularizer", "without", "difference")
    return Table(heads, (*rows, *_rate_rows(pair)))


def _flipped(row: Row) -> Row:
    """Mark a loss: here less is better."""
    flip = {"better": "worse", "worse": "better", "": ""}
    cells = tuple(Cell(cell.text, flip[cell.style]) for cell in row.cells)
    return Row(row.key, row.name, row.hint, cells)


def _miou(run: Baseline, key: str) -> float:
    return _stage(run, key).score("miou")


def _stage(run: Baseline, key: str) -> Stage:
    return next(stage for stage in run.stages if stage.key == key)


def _rate_rows(pair: tuple[Baseline, Baseline]) -> list[Row]:
    names = ("Neurons under the band", "Neurons in the band", "Neurons over the band")
    rows = []
    for which, name in enumerate(names):
        shares = [band_share(run.layers, which) for run in pair]
        points = f"{difference(100 * (shares[0] - shares[1]), 1)} points"
        cells = (Cell(percent(shares[0])), Cell(percent(shares[1])), Cell(points))
        rows.append(Row(name, name, "", cells))
    spikes = [_stage(run, "snn").spikes_per_neuron for run in pair]
    work = [_stage(run, "snn").operations for run in pair]
    operation = _stage(pair[0], "snn").operation
    rows.append(_pair("Spikes per neuron and image", [plain(value) for value in spikes], spikes))
    counted = [f"{amount(value)} {operation}s" for value in work]
    rows.append(_pair("Synaptic operations per image", counted, work))
    return rows


def _pair(name: str, texts: Sequence[str], values: Sequence[float]) -> Row:
    ratio = f"× {values[0] / values[1]:.3g}" if values[1] else NONE
    return Row(name, name, "", (Cell(texts[0]), Cell(texts[1]), Cell(ratio)))
