"""The pictures of the report: each example in every view, and while its segmentation forms."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikeseg.images import OFF, ON
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

FURTHER = {"direct": "Trained spiking", "chip": "Chip"}
"""Further networks that a run may have, and what their views are called."""

Masks = NDArray[np.uint8]

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
        return self.key.startswith("errors-") or self.key == "agreement"


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


def views_of(further: Collection[str]) -> tuple[tuple[str, str], ...]:
    """Return the views that there are, with the names of their buttons.

    Args:
        further: names of further networks, each of which is shown after the spiking network.

    >>> [name for _, name in views_of(["chip"])][3:7]
    ['Spiking', 'Chip', 'ANN errors', 'Spiking errors']
    """
    named = [(key, name) for key, name in FURTHER.items() if key in further]
    after = {
        "snn": named,
        "errors-snn": [(f"errors-{key}", f"{name} errors") for key, name in named],
    }
    return tuple(one for view in VIEWS for one in (view, *after.get(view[0], ())))


def gallery(
    examples: Examples,
    curve: Sequence[CurvePoint],
    tints: Tinting,
    further: Mapping[str, Masks],
    has_events: bool = False,
) -> Gallery:
    """Turn the arrays of the examples into pictures.

    Args:
        examples: images and masks.
        curve: scores after chosen steps.
        tints: colors.
        further: (N, H, W) masks of further networks, by their names in `FURTHER`.
        has_events: whether the images are pictures of events.
    """
    points = {point.num_steps: point for point in curve}
    legends = _legends(tints, bool((examples.masks == 255).any()), further)
    if has_events:
        legends["image"] = (Swatch(css(ON), "ON: brighter"), Swatch(css(OFF), "OFF: darker"))
    return Gallery(
        tuple(_example(examples, index, tints, further) for index in range(len(examples.names))),
        tuple(Frame(step, points.get(step)) for step in examples.steps),
        legends,
    )


def _example(
    examples: Examples, index: int, tints: Tinting, further: Mapping[str, Masks]
) -> Example:
    height, width = examples.masks.shape[1:]
    return Example(
        examples.names[index],
        width,
        height,
        png(examples.images[index]),
        _views(examples, index, tints, {key: masks[index] for key, masks in further.items()}),
        _frames(examples, index, tints),
    )


def _views(
    examples: Examples, index: int, tints: Tinting, further: Mapping[str, Masks]
) -> tuple[View, ...]:
    mask, ann, snn = (a[index] for a in (examples.masks, examples.ann, examples.snn))
    colors, mistakes = tints.colors, [None, FALSE_POSITIVE, FALSE_NEGATIVE, WRONG_CLASS]
    overlays = {
        "truth": label_png(mask, colors),
        "agreement": label_png(agreement_map(mask, ann, snn), mistakes),
    }
    captions = {"agreement": f"{percent(float((ann == snn).mean()))} of the pixels agree"}
    for key, found in {"ann": ann, "snn": snn, **further}.items():
        overlays[key] = label_png(found, colors)
        wrong = error_map(mask, found, tints.empty_class)
        overlays[f"errors-{key}"] = label_png(wrong, mistakes)
        captions[key] = captions[f"errors-{key}"] = _right(right_share(mask, found))
    views = views_of(further)
    return tuple(View(k, name, overlays.get(k), captions.get(k, "")) for k, name in views)


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


def _legends(
    tints: Tinting, has_ignored: bool, further: Collection[str]
) -> dict[str, tuple[Swatch, ...]]:
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
    special = {"image": (), "truth": classes + ignored, "agreement": agreement + ignored}
    return {
        key: special.get(key, errors if key.startswith("errors-") else classes)
        for key, _ in views_of(further)
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
