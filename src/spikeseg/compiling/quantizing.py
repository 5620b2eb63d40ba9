"""From a box of a layer with float parameters to a core of integers."""

from dataclasses import replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from spikeseg.chips import Box, ChipSpec, Core, KernelSynapses
from spikeseg.compiling.checking import check_layer
from spikeseg.compiling.corrected_rounding import quantize_kernels
from spikeseg.compiling.decays import gains_of, integer_decays
from spikeseg.compiling.layers import FloatKernel, FloatLayer, FloatNetwork
from spikeseg.compiling.nengo_rounding import quantize_as_nengo
from spikeseg.compiling.rounding import Floats, Integers, QuantizedKernels, potential_limits
from spikeseg.errors import CompileError, UnknownNameError, nearest

Mode = Literal["corrected", "nengo"]


def quantize_core(
    layer: FloatLayer,
    box: Box,
    network: FloatNetwork,
    chip: ChipSpec,
    mode: Mode = "corrected",
) -> Core:
    """Return the core that holds a box of a layer, in integers.

    ``"nengo"`` gives the integers of nengo-loihi 1.1.0, which scales every core by what it holds:
    the taps and channels that its neurons use, their thresholds and biases; its membranes start at
    0 (`spikeseg.compiling.nengo_rounding` has the equations). ``"corrected"`` is without its two
    defects, and all cores that hold the same channels of a layer have the same kernels
    (`spikeseg.compiling.corrected_rounding`).

    The output's channels are compared with each other: in mode ``"corrected"`` they share a scale.

    Decays, their gains and the limits of the membrane potential are the same in both
    (`spikeseg.compiling.decays`, `spikeseg.compiling.rounding`). In mode
    ``"nengo"`` a kernel that reaches no neuron of the box is left out.

    Raises:
        CompileError: a value that the chip cannot hold; names layer, box, value and limit.
        UnknownNameError: there is no such mode.
    """
    if mode not in get_args(Mode):
        raise UnknownNameError(
            f"no mode of quantizing is called {mode!r}; there are: {', '.join(get_args(Mode))}"
            f"{nearest(mode, get_args(Mode))}"
        )
    where = f"layer {layer.name} in the box {box.start}..{box.stop}"
    check_layer(layer, chip, where)
    used = [used_taps(kernel, box, network) for kernel in layer.kernels]
    quantize = _as_nengo if mode == "nengo" else _corrected
    if mode == "corrected" and layer.name == network.output:
        whole = Box((0, *box.start[1:]), (layer.shape[0], *box.stop[1:]))
        numbers = _some_channels(quantize(layer, whole, used, chip, where), box)
    else:
        numbers = quantize(layer, box, used, chip, where)
    du, dv = integer_decays(layer.decay_u, layer.decay_v, chip)
    low, high = potential_limits(layer.v_min, layer.v_max, numbers.v_scale, chip)
    groups = zip(layer.kernels, numbers.weights, numbers.exponents, used, strict=True)
    return Core(
        population=layer.name,
        box=box,
        decay_u=np.full(box.size, du, np.int32),
        decay_v=np.full(box.size, dv, np.int32),
        threshold=_compartments(numbers.threshold),
        bias=_compartments(numbers.bias),
        refractory=np.full(box.size, layer.refractory, np.int32),
        v_min=low,
        v_max=high,
        v_initial=_start(
            layer, box, 0.0 if mode == "nengo" else numbers.v_scale, (low, high), where
        ),
        synapses=tuple(
            KernelSynapses(kernel.source, weight, kernel.window, exponent)
            for kernel, weight, exponent, taps in groups
            if taps.any() or mode == "corrected"
        ),
    )


def used_taps(kernel: FloatKernel, box: Box, network: FloatNetwork) -> NDArray[np.bool_]:
    """Return which taps (K_h, K_w) lead from some source neuron to some neuron of the box."""
    along = []
    for axis in (0, 1):
        start, stop = box.start[axis + 1], box.stop[axis + 1]
        sources, taps = network.shapes[kernel.source][axis + 1], kernel.weight.shape[axis]
        met = kernel.window.meetings(axis, taps, sources, stop)
        along.append(np.isin(np.arange(taps), met[met[:, 1] >= start, 2]))
    return along[0][:, None] & along[1]


def _as_nengo(
    layer: FloatLayer, box: Box, used: list[NDArray[np.bool_]], chip: ChipSpec, where: str
) -> QuantizedKernels:
    return quantize_as_nengo(
        _kernels(layer, box),
        used,
        _neurons(layer.threshold, layer)[box.slices],
        _neurons(layer.bias, layer)[box.slices],
        _gains(layer, chip),
        chip,
        where,
    )


def _corrected(
    layer: FloatLayer, box: Box, used: list[NDArray[np.bool_]], chip: ChipSpec, where: str
) -> QuantizedKernels:
    channels, rows, columns = box.slices
    whole = quantize_kernels(
        _kernels(layer, box),
        _neurons(layer.threshold, layer)[channels],
        _neurons(layer.bias, layer)[channels],
        _gains(layer, chip),
        chip,
        where,
    )
    inside = (slice(None), rows, columns)
    return replace(whole, threshold=whole.threshold[inside], bias=whole.bias[inside])


def _some_channels(numbers: QuantizedKernels, box: Box) -> QuantizedKernels:
    """Return the part that belongs to a box, of all channels."""
    channels = box.slices[0]
    return replace(
        numbers,
        weights=tuple(weight[..., channels] for weight in numbers.weights),
        threshold=numbers.threshold[channels],
        bias=numbers.bias[channels],
    )


def _kernels(layer: FloatLayer, box: Box) -> list[Floats]:
    return [np.ascontiguousarray(k.weight[..., box.slices[0]]) for k in layer.kernels]


def _gains(layer: FloatLayer, chip: ChipSpec) -> tuple[float, float]:
    return gains_of(*integer_decays(layer.decay_u, layer.decay_v, chip), layer.scale_v, chip)


def _neurons(value: float | Floats, layer: FloatLayer) -> Floats:
    array = np.asarray(value, np.float32)
    return np.broadcast_to(array[:, None, None] if array.ndim == 1 else array, layer.shape)


def _compartments(values: Integers) -> Integers:
    return np.ascontiguousarray(values.transpose(1, 2, 0)).ravel()


def _start(
    layer: FloatLayer, box: Box, v_scale: float, limits: tuple[int, int], where: str
) -> Integers:
    start = np.round(_neurons(layer.v_initial, layer)[box.slices].astype(np.float64) * v_scale)
    if start.min() < limits[0] or start.max() > limits[1]:
        raise CompileError(
            f"v_initial of {where} is {start.min():.0f}..{start.max():.0f} in units of the chip; "
            f"its membrane potentials are within {limits[0]}..{limits[1]} there. Bring v_initial "
            f"into v_min..v_max, which are {layer.v_min}..{layer.v_max}."
        )
    return _compartments(start.astype(np.int32))
