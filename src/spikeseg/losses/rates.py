"""The percentile firing-rate regularizer of Patel et al. 2021."""

from dataclasses import dataclass
from types import TracebackType
from typing import Any

import torch
from torch import Tensor, nn

from spikeseg.config import RegularizerConfig
from spikeseg.errors import ConfigError
from spikeseg.layers import AbstractActivation
from spikeseg.spiking import SpikingActivation

_SAMPLE = 16  # rows and columns of a map that are looked at when positions are pooled


@dataclass(frozen=True)
class RateShares:
    """Shares of neurons whose percentile rate lies under, in and over the band.

    Attributes:
        under_band: share below ``min_hz``.
        in_band: share between.
        over_band: share above ``max_hz``.
    """

    under_band: float
    in_band: float
    over_band: float


class RateMonitor:
    """Looks at the currents into a network's activations, and prices rates outside of the band.

    With r_i the percentile of neuron i's rate and all rates in units of ``max_hz``,

    ```
    loss = sum over layers of 1/2 mean_i (max(0, r_min - r_i) + max(0, r_i - r_max))^2
    ```

    This is the regularizer in the public nengo-loihi CIFAR-10 example (which sums over neurons
    where this takes their mean, so that its weight does not depend on the crop). The rate is taken
    from the current, ``J / dt`` with J in thresholds per step: a percentile commutes with any
    rising curve, and a neuron that never fires still has a gradient that wakes it up. Of a network
    that is trained through its spikes, rates are counted, and the surrogate gives the gradient.

    Use it as a context manager around the network's forward pass.

    Args:
        network: its activations are watched.
        config: percentile, band, margin, scope.
        dt_ms: length of a time step in milliseconds.

    Raises:
        ConfigError: the network has no activation of ``spikeseg.layers``.
    """

    def __init__(self, network: nn.Module, config: RegularizerConfig, dt_ms: float) -> None:
        self._config = config
        self._to_hz = 1000.0 / dt_ms
        self._watched = [m for m in network.modules() if isinstance(m, AbstractActivation)]
        if not self._watched:
            raise ConfigError(
                f"{type(network).__name__} has no activation of spikeseg.layers, so its firing "
                "rates are not defined; use one, or set training.regularizer.weight to 0."
            )
        self._handles: list[Any] = []
        self._rates: list[Tensor] = []

    def __enter__(self) -> "RateMonitor":
        self._rates = []
        self._handles = [
            m.register_forward_hook(self._count)
            if isinstance(m, SpikingActivation)
            else m.register_forward_pre_hook(self._look)
            for m in self._watched
        ]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for handle in self._handles:
            handle.remove()

    def _look(self, module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        assert isinstance(module, AbstractActivation)
        current = percentile_current(inputs[0], self._config.percentile, self._config.scope)
        self._rates.append(current.float() * (self._to_hz / module.amplitude))

    def _count(self, module: nn.Module, inputs: tuple[Tensor, ...], spikes: Tensor) -> None:
        assert isinstance(module, SpikingActivation)
        rates = module.clock.unfolded(spikes).mean(dim=0)
        rates = percentile_current(rates, self._config.percentile, self._config.scope)
        self._rates.append(rates.float() * self._to_hz)

    def loss(self) -> Tensor:
        """Return the unweighted loss of the last forward pass."""
        band = self._config
        low = band.min_hz * (1 + band.margin) / band.max_hz
        high = max(low, 1 - band.margin)
        layers = []
        for rates in self._rates:
            r = rates / band.max_hz
            outside = torch.relu(low - r) + torch.relu(r - high)
            layers.append(0.5 * outside.square().mean())
        return torch.stack(layers).sum()

    def shares(self) -> RateShares:
        """Return the shares of neurons (or channels) around the band in the last forward pass."""
        rates = torch.cat([r.detach().flatten() for r in self._rates])
        under = float((rates < self._config.min_hz).float().mean())
        over = float((rates > self._config.max_hz).float().mean())
        return RateShares(under, 1.0 - under - over, over)


def percentile_current(current: Tensor, percentile: float, scope: str) -> Tensor:
    """Return the nearest-rank percentile of a (B, C, H, W) current.

    Over the batch for each neuron, (C, H, W), or over batch and positions for each channel, (C,).
    Large maps are sampled on a regular grid in the second case.

    >>> current = torch.arange(4.0).reshape(4, 1, 1, 1)
    >>> percentile_current(current, 100.0, "neuron").item()
    3.0
    """
    if scope == "channel":
        rows, columns = (max(1, n // _SAMPLE) for n in current.shape[2:])
        values = current[:, :, ::rows, ::columns].transpose(0, 1).flatten(1)
    else:
        values = current.movedim(0, -1)
    rank = 1 + round(percentile / 100.0 * (values.shape[-1] - 1))
    if rank == values.shape[-1]:
        return values.amax(dim=-1)
    return values.contiguous().kthvalue(rank, dim=-1).values
