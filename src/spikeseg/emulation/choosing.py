"""Which engine makes the sums of a section: spike by spike, or one convolution for many steps."""

from typing import TYPE_CHECKING, Literal

from spikeseg.emulation.kernel import LISTED
from spikeseg.emulation.plan import Section
from spikeseg.emulation.processor import has_tiles, multiplies_bytes
from spikeseg.emulation.streams import Spikes

if TYPE_CHECKING:
    from spikeseg.emulation.dense import Convolution

Engine = Literal["auto", "event", "dense"]

# Nanoseconds on one thread of a Xeon of 2023; only their ratios matter, and the result does not
# depend on them.
_RUN = 1.6  # to find what one spike adds to one row
_PART = 0.5  # to add one part of it
_FAR_PART = 1.6  # where the weights do not fit in the first-level cache
_NEAR = 32768  # bytes that do
_NEURON = 1.5  # to write, convert and read a sum, and to paint a spike or none
_CALL = 200_000  # to begin with a convolution
_PRODUCT = 1 / 700 if has_tiles() else 1 / 200 if multiplies_bytes() else 1 / 60


def convolution_of(
    engine: Engine, section: Section, spikes: Spikes, first: int, last: int
) -> "Convolution | None":
    """Return what convolves these slots of a section; None where spikes are added one by one.

    Synapses that are listed one by one are always added so; and with ``"auto"`` single steps.
    """
    if section.wiring.lanes == LISTED or not section.block.kernels or engine == "event":
        return None
    if engine == "auto" and (
        last - first == 1
        or _event_cost(section, spikes, first, last) <= _dense_cost(section, last - first)
    ):
        return None
    return section.convolution


def _event_cost(section: Section, spikes: Spikes, first: int, last: int) -> float:
    cost = 0.0
    part = _PART if section.wiring.weights.nbytes <= _NEAR else _FAR_PART
    for stream in section.streams:
        fired = spikes.count(stream, first - 1, last - 1)
        runs, parts = section.fan_out[stream]
        cost += fired * (runs * _RUN + parts * part)
    return cost


def _dense_cost(section: Section, steps: int) -> float:
    heard = sum(stream.box.size for stream in section.streams)
    products = section.num_products
    each = (section.block.box.size + heard) * _NEURON + products * _PRODUCT
    return _CALL + steps * each
