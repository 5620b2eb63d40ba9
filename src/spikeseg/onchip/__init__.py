"""Adapting and training with the chip's own arithmetic: what is trained is what is emulated."""

from spikeseg.onchip.adapting import adapt
from spikeseg.onchip.host import host_spikes
from spikeseg.onchip.network import ChipNetwork
from spikeseg.onchip.preparing import prepare
from spikeseg.onchip.tuning import tune

__all__ = ["ChipNetwork", "adapt", "host_spikes", "prepare", "tune"]
