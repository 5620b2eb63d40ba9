"""What the template of the report gets: one mapping, made from the results of a run."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import yaml

from spikeseg._version import __version__
from spikeseg.report.charts import LineChart, Lined, line_chart
from spikeseg.report.chip_results import Chip
from spikeseg.report.gallery import FIRST_VIEW, Masks, gallery, tinting, views_of
from spikeseg.report.histograms import histograms
from spikeseg.report.on_chip import chip_section, chip_verdict, chip_work_sentence
from spikeseg.report.on_direct import direct_section, direct_verdict, direct_work_sentence
from spikeseg.report.on_energy import energy_section
from spikeseg.report.on_robustness import robustness_section
from spikeseg.report.results import Direct, RunResults, Stage
from spikeseg.report.tables import band_share, class_table, regularizer_table, stage_table
from spikeseg.report.verdict import curve_sentence, regularizer_sentence, verdict, work_sentence
from spikeseg.report.words import score


def page(results: RunResults) -> dict[str, Any]:
    """Return everything that the template prints."""
    ann, snn = results.stage("ann"), results.stage("snn")
    return {
        "dict": dict,
        "results": results,
        "ann": ann,
        "snn": snn,
        "verdict": " ".join(_verdicts(results)),
        "work": " ".join(_work_sentences(results)),
        "direct": _direct(results),
        "direct_stage": results.stage("direct") if results.direct else None,
        "chip": chip_section(results.chip),
        "chip_stage": results.stage("chip") if results.chip else None,
        "energy": energy_section(results.energy, results.chip.name if results.chip else None),
        "robustness": robustness_section(results.robustness),
        "stage_table": stage_table(results),
        "class_table": class_table(results),
        "gallery": _gallery(results),
        "views": views_of(_further(results)),
        "first_view": FIRST_VIEW,
        "curve_charts": curve_charts(results),
        "curve_sentence": curve_sentence(results.curve, ann.score("miou")),
        "histograms": _histograms(results),
        "shares": [band_share(results.layers, which) for which in range(3)],
        "regularizer": _regularizer(results),
        "largest_error": max((layer.relative_error for layer in results.layers), default=0.0),
        "lost_epochs": sum(not math.isfinite(loss) for loss in results.history["loss"]),
        "training_charts": training_charts(results.history),
        "settings": _settings(results),
        "config_text": yaml.safe_dump(
            dict(results.config.record("config").values), sort_keys=False, allow_unicode=True
        ),
        "report_version": __version__,
    }


def _verdicts(results: RunResults) -> tuple[str, ...]:
    chip = _of_chip(results, chip_verdict)
    return (verdict(results), *direct_verdict(results), *chip)


def _work_sentences(results: RunResults) -> tuple[str, ...]:
    converted = work_sentence(results.stage("ann"), results.stage("snn"))
    chip = _of_chip(results, chip_work_sentence)
    return (converted, *direct_work_sentence(results), *chip)


def _of_chip(results: RunResults, sentence: Callable[[Stage, Stage, Chip], str]) -> tuple[str, ...]:
    """Return a sentence about the chip, or none without one."""
    if results.chip is None:
        return ()
    return (sentence(results.stage("ann"), results.stage("chip"), results.chip),)


def _gallery(results: RunResults) -> Any:
    tints = tinting(results.class_names, results.membrane_class)
    has_events = results.data.optional_record("events") is not None
    return gallery(results.examples, results.curve, tints, _further(results), has_events)


def _further(results: RunResults) -> dict[str, Masks]:
    """Return the masks of the networks beside the analog and the converted one."""
    found = {"direct": results.direct, "chip": results.chip}
    return {key: one.masks for key, one in found.items() if one is not None}


def _direct(results: RunResults) -> dict[str, Any] | None:
    """Return the section of the network that was trained through its spikes, if there is one."""
    if results.direct is None:
        return None
    charts = training_charts(results.direct.history)
    return direct_section(results, results.direct) | {"charts": charts}


def _histograms(results: RunResults) -> Any:
    compared = results.baseline.layers if results.baseline else ()
    return histograms(results.layers, results.band_hz, compared)


def _regularizer(results: RunResults) -> dict[str, Any] | None:
    if results.baseline is None:
        return None
    return {
        "table": regularizer_table(results, results.baseline),
        "sentence": regularizer_sentence(results, results.baseline),
    }


def curve_charts(results: RunResults) -> tuple[LineChart, ...]:
    """Return the charts of mIoU and pixel accuracy against the number of steps."""
    if not results.curve:
        return ()
    steps = [point.num_steps for point in results.curve]
    ann = results.stage("ann")
    charts = []
    for name, label in (("miou", "mIoU"), ("pixel_accuracy", "pixel accuracy")):
        lines = [Lined("spiking", "snn", [getattr(point, name) for point in results.curve])]
        if results.direct is not None:
            lines.append(_direct_line(results.direct, name))
        level = ("ANN", "ann", ann.score(name))
        title = f"{label[0].upper() if name != 'miou' else 'm'}{label[1:]} against time steps"
        charts.append(line_chart(title, ("time steps", label), steps, lines, [level], score))
    return tuple(charts)


def _direct_line(direct: Direct, name: str) -> Lined:
    values = [getattr(point, name) for point in direct.curve]
    return Lined("trained spiking", "direct", values, [p.num_steps for p in direct.curve])


TRAINING_CHARTS = {
    "Loss": (
        ("loss", "total", "line-0"),
        ("cross_entropy", "cross-entropy", "line-1"),
        ("dice_loss", "Dice loss", "line-2"),
    ),
    "Shares of neurons under, in and over the band": (
        ("under_band", "under", "line-2"),
        ("in_band", "in the band", "in-band"),
        ("over_band", "over", "line-1"),
    ),
    "Loss of the firing-rate regularizer": (("rate_loss", "rate loss", "line-0"),),
    "Learning rate": (("learning_rate", "learning rate", "line-0"),),
}
"""The training curves: a title, then column, label and CSS class of each line."""


def training_charts(history: Mapping[str, Sequence[float]]) -> tuple[LineChart, ...]:
    """Return the training curves: losses, firing rates against the band, and learning rate."""
    if not history["epoch"]:
        return ()
    return tuple(
        line_chart(
            title,
            ("epoch", title),
            history["epoch"],
            [Lined(label, style, history[column]) for column, label, style in columns],
        )
        for title, columns in TRAINING_CHARTS.items()
    )


def _settings(results: RunResults) -> dict[str, Any]:
    """Return the few facts of the configuration that the page says in words."""
    config = results.config.record("config")
    return {
        "seed": config.whole("seed"),
        "dt_ms": config.number("dt_ms"),
        "command": results.config.text("command"),
        "versions": sorted({results.config.text("version"), results.metrics.text("version")}),
        "weight": config.record("training").record("regularizer").number("weight"),
    }
