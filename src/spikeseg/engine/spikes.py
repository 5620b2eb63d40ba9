"""Spikes of one population in a chunk of steps, in whatever form their readers ask for."""

import torch
from torch import Tensor


class Spikes:
    """Spikes that are made once in each form that is asked for.

    Args:
        found: (T, B, C, H, W) as they were fired, in a dtype that holds them.
        exact: dtype of potentials.
    """

    def __init__(self, found: Tensor, exact: torch.dtype) -> None:
        self._forms, self._exact = {found.dtype: found}, exact

    def dense(self, dtype: torch.dtype) -> Tensor:
        """Return (T, B, C, H, W) in a dtype."""
        if dtype not in self._forms:
            self._forms[dtype] = next(iter(self._forms.values())).to(dtype)
        return self._forms[dtype]

    def numbers(self) -> Tensor:
        """Return (T, B, C, H, W) in the dtype of potentials."""
        return self.dense(self._exact)
