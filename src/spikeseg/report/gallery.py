"""The pictures of the report: each example in every view, and while its segmentation forms."""

from collections.abc import Sequence
from dataclasses import dataclass

from spikeseg.report.pictures import (
    FALSE_NEGATIVE,
    FALSE_POSITIVE,
    IGNORED,
    WRONG_CLASS,
    Color,
    agreement_map,
    class_colors,
    css,
    error_map,
    label_png,
    png,
    right_share,
)
from spikeseg.report.results import CurvePoint, Examples
from spikeseg.report.words import percent

VIEWS = (
    ("image", "Image"),
    ("truth", "Truth"),
    ("ann", "ANN"),
    ("snn", "Spiking"),
    ("errors-ann", "ANN errors"),
    ("errors-snn", "Spiking errors"),
    ("agreement", "ANN vs. spiking"),
)
"""The views of an example and the names of their buttons."""

FIRST_VIEW = "snn"


@dataclass(frozen=True)
class Swatch:
    """A color of a legend and what it means."""

    color: str
    text: str


@dataclass(frozen=True)
class View:
    """One view of an example: a transparent overlay (a ``data:`` URL), or none, and a caption."""

    key: str
    name: str
    overlay: str | None
    caption: str

    @property
    def is_map(self) -> bool:
        """Whether it marks single pixels, which need a dimmed image to be seen."""
        return self.key in ("errors-ann", "errors-snn", "agreement")


@dataclass(frozen=True)
class Example:
    """One held-out image in all views and frames."""

    name: str
    width: int
    height: int
    image: str
    views: tuple[View, ...]
    frames: tuple[View, ...]


@dataclass(frozen=True)
class Frame:
    """A moment of the slider: how many steps, and the scores on all held-out images then."""

    num_steps: int
    point: CurvePoint | None


@dataclass(frozen=True)
class Gallery:
    """All examples, and the legend of each view."""

    examples: tuple[Example, ...]
    frames: tuple[Frame, ...]
    legends: dict[str, tuple[Swatch, ...]]


@dataclass(frozen=True)
class Tinting:
    """Which classes are tinted, and which one is empty (not an object)."""

    class_names: tuple[str, ...]
    object_class: int | None
    empty_class: int | None

    @property
    def colors(self) -> list[Color | None]:
        """The color of each class."""
        return class_colors(self.class_names, self.object_class)


def tinting(class_names: tuple[str, ...], membrane_class: int | None) -> Tinting:
    """Decide which classes are tinted: of two, the membrane or else the second."""
    if len(class_names) == 2:
        object_class = 1 if membrane_class is None else membrane_class
        return Tinting(class_names, object_class, 1 - object_class)
    empty = class_names.index("background") if "background" in class_names else None
    return Tinting(class_names, None, empty)


def gallery(examples: Examples, curve: Sequence[CurvePoint], tints: Tinting) -> Gallery:
    """Turn the arrays of the examples into pictures."""
    points = {point.num_steps: point for point in curve}
    return Gallery(
        tuple(_example(examples, index, tints) for index in range(len(examples.names))),
        tuple(Frame(step, points.get(step)) for step in examples.steps),
        _legends(tints, bool((examples.masks == 255).any())),
    )


def _example(examples: Examples, index: int, tints: Tinting) -> Example:
    height, width = examples.masks.shape[1:]
    return Example(
        examples.names[index],
        width,
        height,
        png(examples.images[index]),
        _views(examples, index, tints),
        _frames(examples, index, tints),
    )


def _views(examples: Examples, index: int, tints: Tinting) -> tuple[View, ...]:
    mask, ann, snn = (a[index] for a in (examples.masks, examples.ann, examples.snn))
    colors, mistakes = tints.colors, [None, FALSE_POSITIVE, FALSE_NEGATIVE, WRONG_CLASS]
    overlays = {
        "truth": label_png(mask, colors),
        "ann": label_png(ann, colors),
        "snn": label_png(snn, colors),
        "errors-ann": label_png(error_map(mask, ann, tints.empty_class), mistakes),
        "errors-snn": label_png(error_map(mask, snn, tints.empty_class), mistakes),
        "agreement": label_png(agreement_map(mask, ann, snn), mistakes),
    }
    ann_right, snn_right = _right(right_share(mask, ann)), _right(right_share(mask, snn))
    captions = {
        "ann": ann_right,
        "snn": snn_right,
        "errors-ann": ann_right,
        "errors-snn": snn_right,
        "agreement": f"{percent(float((ann == snn).mean()))} of the pixels agree",
    }
    return tuple(View(k, name, overlays.get(k), captions.get(k, "")) for k, name in VIEWS)


def _right(share: float | None) -> str:
    return "no labeled pixel" if share is None else f"{percent(share)} of the pixels right"


def _frames(examples: Examples, index: int, tints: Tinting) -> tuple[View, ...]:
    mask = examples.masks[index]
    return tuple(
        View(
            str(step),
            f"after {step} steps",
            label_png(labels, tints.colors),
            _right(right_share(mask, labels)),
        )
        for step, labels in zip(examples.steps, examples.forming[index], strict=True)
    )


def _legends(tints: Tinting, has_ignored: bool) -> dict[str, tuple[Swatch, ...]]:
    named = zip(tints.class_names, tints.colors, strict=True)
    classes = tuple(Swatch(css(color), name) for name, color in named if color)
    ignored = (Swatch(css(IGNORED), "not labeled, not counted"),) if has_ignored else ()
    errors = _error_legend(tints) + ignored
    agreement: tuple[Swatch, ...] = (
        Swatch(css(FALSE_POSITIVE), "they differ: the ANN is right"),
        Swatch(css(FALSE_NEGATIVE), "they differ: the spiking network is right"),
    )
    if len(tints.class_names) > 2:
        agreement += (Swatch(css(WRONG_CLASS), "they differ: neither is right"),)
    return {
        "image": (),
        "truth": classes + ignored,
        "ann": classes,
        "snn": classes,
        "errors-ann": errors,
        "errors-snn": errors,
        "agreement": agreement + ignored,
    }


def _error_legend(tints: Tinting) -> tuple[Swatch, ...]:
    wrong = Swatch(css(WRONG_CLASS), "wrong class")
    if tints.empty_class is None:
        return (wrong,)
    names = tints.class_names
    thing = "an object" if tints.object_class is None else names[tints.object_class]
    empty = names[tints.empty_class]
    pair = (
        Swatch(css(FALSE_POSITIVE), f"false positive: {thing} predicted, the truth is {empty}"),
        Swatch(css(FALSE_NEGATIVE), f"false negative: {thing} missed"),
    )
    return pair if tints.object_class is not None else (*pair, wrong)
