"""What `emulate` is given must fit the program."""

from collections.abc import Iterable, Mapping
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from spikeseg.chips import ChipProgram
from spikeseg.chips.boxes import Shape
from spikeseg.emulation.choosing import Engine
from spikeseg.errors import ConfigError, ProgramError, ShapeError, UnknownNameError, nearest

KINDS = ("u", "v", "spikes")


def check_inputs(program: ChipProgram, spikes: Mapping[str, Any]) -> dict[str, NDArray[np.bool_]]:
    """Return the spikes of every input as booleans."""
    shapes = {part.name: part.shape for part in program.inputs}
    if set(spikes) != set(shapes):
        raise ProgramError(
            f"spikes are given for {sorted(spikes)}; the program has the inputs {sorted(shapes)}. "
            "Give spikes for each of them and no other."
        )
    return {name: _booleans(name, spikes[name], shape) for name, shape in shapes.items()}


def _booleans(name: str, given: Any, shape: Shape) -> NDArray[np.bool_]:
    array = np.asarray(given)
    if array.ndim != 5 or array.shape[2:] != shape:
        raise ShapeError(
            f"the spikes of {name} have the shape {array.shape}; they must be (steps, images, "
            f"{', '.join(map(str, shape))})."
        )
    if array.dtype == np.bool_:
        return array
    wrong = array[(array != 0) & (array != 1)]
    if wrong.size:
        raise ProgramError(
            f"the spikes of {name} contain {wrong[0]}; a neuron sends at most one spike a step. "
            "Give 0 and 1, or booleans."
        )
    return array.astype(np.bool_)


def lengths(
    spikes: Mapping[str, NDArray[np.bool_]], num_steps: int | None, batch: int | None
) -> tuple[int, int]:
    """Return the numbers of steps and images."""
    found = {name: array.shape[:2] for name, array in spikes.items()}
    if len(set(found.values())) > 1:
        raise ProgramError(
            f"inputs differ in (steps, images): {found}. Give all of them the same numbers."
        )
    steps, images = next(iter(found.values()), (None, None))
    if batch is not None and images not in (None, batch):
        raise ProgramError(
            f"batch is {batch}, but the inputs hold {images} images; leave batch out."
        )
    chosen = steps if num_steps is None else num_steps
    if chosen is None:
        raise ProgramError("a program without inputs runs for num_steps; give it.")
    images = images if images is not None else 1 if batch is None else batch
    if chosen < 1 or images < 1:
        raise ConfigError(f"steps and images must be at least 1; found {chosen} and {images}.")
    return chosen, images


def check_choices(engine: Engine, threads: int | None, deliveries: bool) -> None:
    """Refuse an unknown engine, no threads, or deliveries of an engine that delivers nothing."""
    if engine not in get_args(Engine):
        known = get_args(Engine)
        raise ConfigError(
            f"engine is {engine!r}; it must be one of {known}{nearest(engine, known)}."
        )
    if threads is not None and threads < 1:
        raise ConfigError(f"threads is {threads}; it must be at least 1.")
    if deliveries and engine != "event":
        raise ConfigError(
            f"deliveries are counted spike by spike, and engine is {engine!r}. Give "
            'engine="event", or leave deliveries out.'
        )


def check_names(record: Iterable[str], shapes: Mapping[str, Shape]) -> dict[str, tuple[str, str]]:
    """Return population and kind of everything to record."""
    wanted = tuple(record)
    names = {f"{layer}.{kind}": (layer, kind) for layer in shapes for kind in KINDS}
    for name in wanted:
        if name not in names:
            raise UnknownNameError(
                f"{name!r} cannot be recorded{nearest(name, names)}; names are a population, a "
                f"dot, and one of {', '.join(KINDS)}; populations are {', '.join(sorted(shapes))}."
            )
    return {name: names[name] for name in wanted}
