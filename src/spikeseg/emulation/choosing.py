"""Which engine makes the sums of a section: spike by spike, or one convolution for all steps."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spikeseg.emulation.state import SectionState
from spikeseg.emulation.streams import Spikes

Engine = Literal["auto", "event", "dense"]


def dense_sums(
    engine: Engine, state: SectionState, spikes: Spikes, first: int, last: int
) -> NDArray[np.int32] | None:
    """Return the sums of a section's slots, (slots, rows, size) in a row; None for spike by spike."""
    return None
