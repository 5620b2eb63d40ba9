"""A recording must be of the program, and say of every neuron and step whether it fired."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from spikeseg.chips import ChipProgram
from spikeseg.emulation import Recording
from spikeseg.emulation.checking import check_inputs
from spikeseg.errors import ProgramError

Bytes = NDArray[np.uint8]


def check_recording(
    program: ChipProgram, spikes: Mapping[str, NDArray[np.bool_]], recording: Recording
) -> dict[str, Bytes]:
    """Return who fired, (T, B, C * H * W), of all inputs and populations.

    Raises:
        ProgramError: traces are missing, or do not fit the program or the input.
        ShapeError: an input of another shape.
    """
    given = check_inputs(program, spikes)
    shapes = {part.name: part.shape for part in program.populations}
    missing = [name for name in shapes if f"{name}.spikes" not in recording.traces]
    if missing:
        raise ProgramError(
            f"the recording has no spikes of {', '.join(missing)}; the ledger needs those of all "
            'populations. Emulate with record=[f"{p.name}.spikes" for p in program.populations].'
        )
    traces = {name: recording.traces[f"{name}.spikes"] for name in shapes}
    images = [array.shape[1] for array in (*given.values(), *traces.values())]
    for name, trace in traces.items():
        wanted = (recording.num_steps, images[0], *shapes[name])
        counts = recording.spike_counts.get(name)
        if trace.shape != wanted or counts is None or counts.shape != wanted[1:]:
            raise ProgramError(
                f"the recorded spikes of {name} have the shape {trace.shape}; for this program and "
                f"input it must be {wanted}. Give a recording of the same program and input."
            )
    cut = {name: _fitted(array, recording.num_steps) for name, array in given.items()}
    return {name: _flat(array) for name, array in (cut | traces).items()}


def _fitted(given: NDArray[np.bool_], num_steps: int) -> NDArray[np.bool_]:
    """Return an input as the emulator heard it: cut, or followed by silence."""
    if len(given) >= num_steps:
        return given[:num_steps]
    silence = np.zeros((num_steps - len(given), *given.shape[1:]), np.bool_)
    return np.concatenate([given, silence])


def _flat(array: NDArray[np.bool_]) -> Bytes:
    flat = np.ascontiguousarray(array).view(np.uint8)
    return flat.reshape(*flat.shape[:2], -1)
