"""Makes the picture of the README from a run folder.

    python docs/make_picture.py runs/demo --out docs/images/demo.png

Reads ``evaluation.npz`` and ``metrics.json``. Shows an image, its truth, what the analog network
says, what the spiking network says after more and more steps, and where that is wrong in the end.
All figures are read from the run; they are those of the whole held-out set.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray

matplotlib.use("Agg")

IGNORE_INDEX = 255
STEPS = (4, 8, 32)
GREYS = ("#101418", "#f4f4f0")
COLORS = ("#000000", "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7")
IGNORED, TOO_MUCH, TOO_LITTLE = "#969696", "#ff8c00", "#3399ff"

Picture = NDArray[Any]


@dataclass(frozen=True)
class Run:
    """What is shown of a run.

    Attributes:
        metrics: ``metrics.json``.
        arrays: ``evaluation.npz``.
        example: which of its images.
    """

    metrics: dict[str, Any]
    arrays: dict[str, NDArray[Any]]
    example: int

    def array(self, name: str) -> NDArray[Any]:
        """Return an array of the example."""
        return self.arrays[name][self.example]

    @property
    def class_names(self) -> list[str]:
        """One name per class."""
        return list(self.metrics["data"]["class_names"])


def read(folder: Path, example: int) -> Run:
    """Read a run folder that was evaluated."""
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    with np.load(folder / "evaluation.npz") as stored:
        return Run(metrics, dict(stored), example)


def nearest_steps(recorded: Sequence[int], wanted: Sequence[int] = STEPS) -> list[int]:
    """Return the recorded steps that are nearest to the wanted ones, each once.

    >>> nearest_steps([1, 2, 4, 7, 16])
    [4, 7, 16]
    """
    return sorted({min(recorded, key=lambda step: abs(step - w)) for w in wanted})


def colored(mask: Picture, num_classes: int) -> Picture:
    """Return an (H, W) mask as (H, W, 3) colors; two classes are black and white."""
    palette = GREYS if num_classes == 2 else COLORS
    table = np.array([to_rgb(palette[k % len(palette)]) for k in range(num_classes)])
    picture = table[np.minimum(mask, num_classes - 1)]
    picture[mask == IGNORE_INDEX] = to_rgb(IGNORED)
    return picture


def errors(image: Picture, truth: Picture, found: Picture) -> Picture:
    """Return the image, dimmed, with wrong pixels in color: two colors tell which way it is wrong.

    Orange is where the predicted class index is too large, blue where it is too small; with two
    classes, that is class 1 for class 0, and class 0 for class 1.
    """
    grey = image if image.ndim == 2 else image.mean(axis=-1)
    picture = np.repeat(grey[..., None] / 255.0 * 0.55 + 0.1, 3, axis=-1)
    seen = truth != IGNORE_INDEX
    picture[seen & (found > truth)] = to_rgb(TOO_MUCH)
    picture[seen & (found < truth)] = to_rgb(TOO_LITTLE)
    picture[~seen] = to_rgb(IGNORED)
    return picture


def panels(run: Run) -> list[tuple[str, Picture]]:
    """Return titles and pictures in reading order; the errors come last."""
    count = len(run.class_names)
    recorded = [int(step) for step in run.arrays["steps"]]
    shown = [
        ("image", run.array("images")),
        ("truth", colored(run.array("masks"), count)),
        ("analog network (ANN)", colored(run.array("ann"), count)),
    ]
    for step in nearest_steps(recorded):
        mask = run.array("forming")[recorded.index(step)]
        shown.append((f"spiking, {_steps(step)}", colored(mask, count)))
    wrong = errors(run.array("images"), run.array("masks"), run.array("snn"))
    return [*shown, (f"errors after {_steps(recorded[-1])}", wrong)]


def _steps(count: int) -> str:
    return f"{count} step{'' if count == 1 else 's'}"


def caption(run: Run) -> list[str]:
    """Return the figures, one line each, as they stand in ``metrics.json``."""
    stages, data = run.metrics["stages"], run.metrics["data"]
    ann, snn = stages["ann"], stages["snn"]
    curve = {point["num_steps"]: point["miou"] for point in run.metrics["curve"]}
    lines = [
        f"{data['name']}, {run.array('names')}",
        f"mIoU of {data['num_test']} held-out image{'' if data['num_test'] == 1 else 's'}:",
        f"   ANN {ann['miou']:.3f}",
    ]
    for step in nearest_steps(sorted(curve)):
        lines.append(f"   spiking {curve[step]:.3f} after {_steps(step)}")
    lines.append(f"{snn['spikes_per_neuron']:.1f} spikes per neuron in {_steps(snn['num_steps'])}")
    return [*lines, f"spikeseg {run.metrics['version']}"]


def legend(run: Run) -> tuple[str, str]:
    """Return what the orange and the blue of the errors mean."""
    names = run.class_names
    if len(names) > 2:
        return "class index too large", "class index too small"
    return f"says {names[1]}, is {names[0]}", f"says {names[0]}, is {names[1]}"


def draw(run: Run) -> Figure:
    """Return the figure: two rows of panels, and the caption in the place of one."""
    shown = panels(run)
    figure = Figure(figsize=(12.0, 6.5), dpi=100, layout="constrained", facecolor="white")
    figure.get_layout_engine().set(w_pad=0.06, h_pad=0.08)  # type: ignore[union-attr]
    axes = figure.subplots(2, 4).ravel()
    for axis in axes:
        axis.set_axis_off()
    order = [0, 1, 2, *range(4, 8)]
    for place, (title, picture) in zip(order, shown, strict=False):
        axes[place].imshow(picture, cmap="gray", vmin=0, interpolation="nearest")
        axes[place].set_title(title, fontsize=12)
    _write(axes[3], run)
    return figure


def _write(axis: Any, run: Run) -> None:
    lines = caption(run)
    axis.set(xlim=(0, 1), ylim=(0, 1))
    for i, line in enumerate(lines):
        axis.text(0.02, 0.97 - 0.088 * i, line, fontsize=11, va="top")
    for i, (color, words) in enumerate(zip((TOO_MUCH, TOO_LITTLE), legend(run), strict=True)):
        height = 0.95 - 0.088 * (len(lines) + 0.4 + i)
        axis.plot([0.045], [height], "s", color=color, markersize=9)
        axis.text(0.10, height, words, fontsize=11, va="center")


def main(arguments: Sequence[str] | None = None) -> Path:
    """Write the picture and return its path."""
    parser = argparse.ArgumentParser(description="Make the README's picture from a run folder.")
    parser.add_argument("run", type=Path, help="a run folder that was evaluated")
    parser.add_argument("--out", type=Path, default=Path("docs/images/demo.png"))
    parser.add_argument("--example", type=int, default=0, help="which of the run's examples")
    options = parser.parse_args(arguments)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    figure = draw(read(options.run, options.example))
    figure.savefig(options.out, metadata={"Software": None})
    return Path(options.out)


if __name__ == "__main__":
    print(main())
