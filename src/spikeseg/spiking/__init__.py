"""What makes a torch network spike: neurons over time, norms over time, codings, the unrolling.

The networks themselves stay as they are: time lies in the batch, (T * B, C, H, W), so that a
convolution computes all steps at once. Only the parts that know of time (`Timed`) look at it.
"""

from spikeseg.spiking.clock import Clock, Timed
from spikeseg.spiking.coding import channels_of_a_step
from spikeseg.spiking.network import SpikingNetwork
from spikeseg.spiking.neurons import SpikingActivation, make_neurons
from spikeseg.spiking.normalization import StepNorm, TimeNorm, make_norm
from spikeseg.spiking.readout import Readout, Total
from spikeseg.spiking.starting import start_from
from spikeseg.spiking.unit import SpikingUnit, merged, twice

__all__ = [
    "Clock",
    "Readout",
    "SpikingActivation",
    "SpikingNetwork",
    "SpikingUnit",
    "StepNorm",
    "TimeNorm",
    "Timed",
    "Total",
    "channels_of_a_step",
    "make_neurons",
    "make_norm",
    "merged",
    "start_from",
    "twice",
]
