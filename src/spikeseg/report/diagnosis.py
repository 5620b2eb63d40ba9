"""What the template of the diagnosis gets: one mapping, made from ``diagnosis.json``."""

from collections.abc import Sequence
from typing import Any

from spikeseg._version import __version__
from spikeseg.errors import CorruptFileError
from spikeseg.report.charts import LineChart, Lined, line_chart
from spikeseg.report.records import Record
from spikeseg.report.scatter import Point, Scatter, scatter
from spikeseg.report.words import percent

ROLES = {"classification-like": "line-1", "between": "line-2", "segmentation": "line-0"}
"""The CSS class of each role of a layer."""
PARTS = {
    "clipping": ("clipping", "compared"),
    "rounding": ("rounding", "third"),
    "handed_on": ("handed on", "ann"),
    "timing": ("timing", "spiking"),
}
"""What each part of an error is called, and the color that it has."""
NUMBERS = (
    *("relative_error", "late_error", "dead", "silent", "saturated", "stride", "threshold"),
    *("spatial_variance", "variation", "under_firing", "above_threshold"),
)


def diagnosis_page(record: Record) -> dict[str, Any]:
    """Return everything that the template prints.

    Raises:
        CorruptFileError: a value is missing or not what it must be.
    """
    layers = [_layer(layer) for layer in record.records("layers")]
    if not layers:
        raise CorruptFileError(
            f"{record.path} has no layers; run `spikeseg diagnose` on a network that spikes."
        )
    return {
        "name": record.text("data"),
        "num_steps": record.whole("num_steps"),
        "num_images": record.whole("num_images"),
        "num_test": record.whole("num_test"),
        "num_calibration": record.whole("num_calibration_images"),
        "size": [int(side) for side in record.numbers("size")],
        "images": record.texts("images"),
        "findings": [
            {key: finding.text(key) for key in ("kind", "found", "change")}
            for finding in record.records("findings")
        ],
        "claims": record.texts("claims"),
        "layers": layers,
        "worst": max(layers, key=lambda layer: layer["relative_error"]),
        "roles": {r: s for r, s in ROLES.items() if any(layer["role"] == r for layer in layers)},
        "parts": PARTS,
        "curve": _curve(record, layers),
        "spatial": _spatial(layers),
        "report_version": __version__,
    }


def _layer(record: Record) -> dict[str, Any]:
    """Return what the page shows of one layer."""
    role = record.text("role")
    if role not in ROLES:
        raise CorruptFileError(
            f"{record.path}: {record.place}.role is {role!r}; it must be one of "
            f"{', '.join(ROLES)}. Run `spikeseg diagnose` again."
        )
    parts = {name: record.record("parts").record(name) for name in PARTS}
    sizes = {name: part.number("size") for name, part in parts.items()}
    return {
        "name": record.text("name"),
        "shape": [int(side) for side in record.numbers("shape")],
        "role": role,
        "style": ROLES[role],
        "depth": record.whole("depth"),
        **{name: record.number(name) for name in NUMBERS},
        "parts": sizes,
        "squares": _of_whole({name: size**2 for name, size in sizes.items()}),
        "firsts": [record.optional(name) for name in ("first_step", "first_percent", "first_half")],
        "mean_ratio": record.optional("mean_ratio"),
        "high_ratio": record.optional("high_ratio"),
    }


def _of_whole(values: dict[str, float]) -> dict[str, float]:
    whole = sum(values.values())
    return {name: value / whole if whole else 0.0 for name, value in values.items()}


def _curve(record: Record, layers: Sequence[dict[str, Any]]) -> LineChart:
    """Return the error of each layer against the number of steps."""
    steps = record.numbers("curve_steps")
    lines = []
    for layer, stored in zip(layers, record.records("layers"), strict=True):
        values = stored.numbers("curve")
        if len(values) != len(steps):
            raise CorruptFileError(
                f"{record.path}: {stored.place}.curve has {len(values)} values for {len(steps)} "
                "steps. Run `spikeseg diagnose` again."
            )
        lines.append(Lined(layer["name"], layer["style"], values))
    labels = ("time steps", "relative error")
    return line_chart("Relative error against time steps", labels, steps, lines, (), percent)


def _spatial(layers: Sequence[dict[str, Any]]) -> tuple[Scatter, ...]:
    """Return spatial variance against depth, and error against spatial variance."""

    def chart(title: str, x: tuple[str, str], y: tuple[str, str]) -> Scatter:
        points = [Point(la[x[0]], la[y[0]], la["role"], la["name"]) for la in layers]
        return scatter(title, (x[1], y[1]), points, ROLES)

    depth, variance = ("depth", "depth of the layer"), ("spatial_variance", "spatial variance")
    error, variation = ("relative_error", "relative error"), ("variation", "variation")
    return (
        chart("Spatial variance against depth", depth, variance),
        chart("Error against spatial variance", variance, error),
        chart("Coefficient of variation against depth", depth, variation),
        chart("Share below one spike against depth", depth, ("under_firing", "share")),
    )
