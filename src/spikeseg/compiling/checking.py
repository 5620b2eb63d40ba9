"""What a layer with float parameters must be before it is rounded."""

import numpy as np

from spikeseg.chips import ChipSpec
from spikeseg.compiling.decays import SMALLEST_DECAY
from spikeseg.compiling.layers import FloatLayer
from spikeseg.compiling.rounding import check_numbers
from spikeseg.errors import CompileError


def check_layer(layer: FloatLayer, chip: ChipSpec, where: str) -> None:
    """Check the parameters of a layer against each other and against the chip.

    Raises:
        CompileError: names the parameter, its value and what is allowed.
    """
    for kernel in layer.kernels:
        check_numbers("weight", kernel.weight, f"{where} from {kernel.source}")
    for name in ("threshold", "bias", "v_initial"):
        values = np.asarray(getattr(layer, name), np.float32)
        check_numbers(name, values, where)
        _check_shape(layer, name, values.shape, where)
    _check_dynamics(layer, chip, where)


def _check_shape(layer: FloatLayer, name: str, shape: tuple[int, ...], where: str) -> None:
    if shape not in ((), layer.shape[:1], layer.shape):
        raise CompileError(
            f"{name} of {where} has the shape {shape}; it must be a number, or have the shape "
            f"{layer.shape[:1]} or {layer.shape}."
        )


def _check_dynamics(layer: FloatLayer, chip: ChipSpec, where: str) -> None:
    least_v = SMALLEST_DECAY if layer.scale_v else -np.inf
    rules = {
        "decay_u": (
            SMALLEST_DECAY < layer.decay_u <= 1,
            f"greater than {SMALLEST_DECAY} and at most 1; shorten the synapse's time constant",
        ),
        "decay_v": (
            0 <= layer.decay_v <= 1 and layer.decay_v > least_v,
            f"in 0..1, and greater than {SMALLEST_DECAY} with scale_v; shorten the membrane's time "
            "constant, or leave scale_v out",
        ),
        "refractory": (
            1 <= layer.refractory <= chip.refractory_max,
            f"in 1..{chip.refractory_max} steps; 1 is no refractory period",
        ),
        "v_min": (layer.v_min <= 0, "0 or less, since membranes are reset to 0"),
        "v_max": (layer.v_max >= 0, "0 or more, since membranes are reset to 0"),
    }
    for name, (holds, allowed) in rules.items():
        if not holds:
            raise CompileError(
                f"{name} of {where} is {getattr(layer, name)}; {chip.name} takes what is {allowed}."
            )
