"""From a network with float weights to a program of integers on cores."""

from spikeseg.compiling.corrected_rounding import quantize_kernels
from spikeseg.compiling.decays import gains_of, integer_decays
from spikeseg.compiling.layers import FloatKernel, FloatLayer, FloatNetwork
from spikeseg.compiling.quantizing import Mode, quantize_core
from spikeseg.compiling.rounding import QuantizedKernels

__all__ = [
    "FloatKernel",
    "FloatLayer",
    "FloatNetwork",
    "Mode",
    "QuantizedKernels",
    "gains_of",
    "integer_decays",
    "quantize_core",
    "quantize_kernels",
]
