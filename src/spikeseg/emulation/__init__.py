"""Runs programs as the chip would, integer by integer, and fast.

`emulate` takes a `ChipProgram` and spikes and gives a `Recording`. Cores become blocks
(``blocks``), blocks become jobs for one compiled loop (``wiring``, ``kernel``), or convolutions
(``dense``).
"""

from spikeseg.emulation.emulating import emulate
from spikeseg.emulation.recording import Recording

__all__ = ["Recording", "emulate"]
