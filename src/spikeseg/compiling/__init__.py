"""From a network with float weights to a program of integers on cores."""

from spikeseg.compiling.building import build_network, host_populations, silent_threshold
from spikeseg.compiling.compiling import compile_network
from spikeseg.compiling.corrected_rounding import quantize_kernels
from spikeseg.compiling.decays import gains_of, integer_decays
from spikeseg.compiling.layers import FloatKernel, FloatLayer, FloatNetwork
from spikeseg.compiling.quantizing import Mode, quantize_core
from spikeseg.compiling.resources import CoreUse, network_use
from spikeseg.compiling.rounding import QuantizedKernels
from spikeseg.compiling.tiling import cut, least_cores
from spikeseg.compiling.usage import CoreRow, LayerRow, core_rows, layer_rows

__all__ = [
    "CoreRow",
    "CoreUse",
    "FloatKernel",
    "FloatLayer",
    "FloatNetwork",
    "LayerRow",
    "Mode",
    "QuantizedKernels",
    "build_network",
    "compile_network",
    "core_rows",
    "cut",
    "gains_of",
    "host_populations",
    "integer_decays",
    "layer_rows",
    "least_cores",
    "network_use",
    "quantize_core",
    "quantize_kernels",
    "silent_threshold",
]
