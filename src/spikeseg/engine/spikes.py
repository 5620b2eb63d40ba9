"""Spikes of one population in a chunk of steps, in whatever form their readers ask for."""

import torch
from torch import Tensor

from spikeseg.engine.event.bit_map import BitMap


class Spikes:
    """Spikes that are made once in each form that is asked for.

    Args:
        found: (T, B, C, H, W) as they were fired, in a dtype that holds them, or as bits.
        exact: dtype of potentials.
    """

    def __init__(self, found: Tensor | BitMap, exact: torch.dtype) -> None:
        self._bits = found if isinstance(found, BitMap) else None
        self._forms = {} if isinstance(found, BitMap) else {found.dtype: found}
        self._exact = exact

    def dense(self, dtype: torch.dtype) -> Tensor:
        """Return (T, B, C, H, W) in a dtype."""
        if dtype not in self._forms:
            forms = iter(self._forms.values())
            self._forms[dtype] = next(forms).to(dtype) if self._forms else self.bits().dense(dtype)
        return self._forms[dtype]

    def numbers(self) -> Tensor:
        """Return (T, B, C, H, W) in the dtype of potentials."""
        return self.dense(self._exact)

    def bits(self) -> BitMap:
        """Return a bit for each, of spikes that are 0 or 1."""
        if self._bits is None:
            self._bits = BitMap.of(next(iter(self._forms.values())))
        return self._bits
