"""Training with the chip's own arithmetic: what is trained is what is emulated."""

from spikeseg.onchip.network import ChipNetwork, HostLayer

__all__ = ["ChipNetwork", "HostLayer"]
