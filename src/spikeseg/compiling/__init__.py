"""From a network with float weights to a program of integers on cores."""

from spikeseg.compiling.layers import FloatKernel, FloatLayer, FloatNetwork

__all__ = ["FloatKernel", "FloatLayer", "FloatNetwork"]
