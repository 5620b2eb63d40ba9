"""One layer of a chip program, whose float weights are trained behind its integers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from spikeseg.chips import ChipSpec
from spikeseg.compiling import (
    FloatLayer,
    QuantizedKernels,
    gains_of,
    integer_decays,
    quantize_kernels,
    silent_threshold,
)
from spikeseg.compiling.rounding import potential_limits
from spikeseg.errors import CompileError
from spikeseg.onchip.integer_scan import IntegerNeurons, integer_scan
from spikeseg.onchip.sliding import slide

Channels = tuple[int, int]
_EXACT = 2**24  # below it, float32 holds every whole number


class ChipLayer(nn.Module):
    """Computes what the cores of a layer compute, from float weights that can be trained.

    Each forward pass rounds the weights with the compiler's own `quantize_kernels`, for each range
    of channels that shares cores; the gradient passes the rounding as if it were not there
    (straight-through; Bengio et al. 2013, arXiv:1308.3432).

    Args:
        layer: has no refractory period; its bias and start are one for each channel.
        channels: ranges of channels that share cores, as the compiler cut them.
        chip: the chip.
        is_output: its threshold is never reached, and grows with the weights.

    Raises:
        CompileError: a layer that cannot be trained.
    """

    def __init__(
        self,
        layer: FloatLayer,
        channels: tuple[Channels, ...],
        chip: ChipSpec,
        is_output: bool = False,
    ) -> None:
        super().__init__()
        _check(layer)
        self.layer, self.channels, self.chip = layer, channels, chip
        self.weights = nn.ParameterList(torch.from_numpy(k.weight.copy()) for k in layer.kernels)
        self.bias = nn.Parameter(torch.from_numpy(layer.bias.copy()))
        start = np.broadcast_to(np.asarray(layer.v_initial, np.float32), layer.bias.shape)
        self.start = nn.Parameter(torch.from_numpy(start.copy()), requires_grad=not is_output)
        self.is_output = is_output

    def forward(self, spikes: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return spikes, and potentials in float units, both (T, B, C, H, W).

        Args:
            spikes: of the sources, (T, B, C, H, W), of which all but the last step arrive.
        """
        parts = self._quantized()
        v_scale, b_scale, scale = (
            self._spread([getattr(part, name) for part in parts])
            for name in ("v_scale", "b_scale", "weight_scale")
        )
        bias = _through(self.bias * b_scale, [part.bias.ravel() for part in parts])
        start = self._start()
        start = _through(start * v_scale, [np.round(_doubles(start) * _doubles(v_scale))])
        arriving, unit = self._arriving(spikes, parts, scale.float())
        fired, potential = integer_scan(arriving, unit, bias, start, self._neurons(parts))
        return fired, potential / v_scale.float()[:, None, None]

    def v_scale(self) -> Tensor:
        """Return what a potential of 1 is in the chip's integers, (C,)."""
        return self._spread([part.v_scale for part in self._quantized()])

    def trained(self) -> FloatLayer:
        """Return the layer with the parameters as they are now."""
        kernels = tuple(
            replace(kernel, weight=_array(weight))
            for kernel, weight in zip(self.layer.kernels, self.weights, strict=True)
        )
        start = _array(self._start())
        return replace(
            self.layer,
            kernels=kernels,
            bias=_array(self.bias),
            v_initial=start,
            threshold=self._threshold(),
        )

    def _threshold(self) -> float:
        weights = [_array(weight) for weight in self.weights]
        return silent_threshold(weights) if self.is_output else float(self.layer.threshold)

    def _start(self) -> Tensor:
        return self.start.clamp(min=self.layer.v_min, max=float(self.layer.threshold))

    def _quantized(self) -> list[QuantizedKernels]:
        layer, chip = self.layer, self.chip
        gains = gains_of(*integer_decays(layer.decay_u, layer.decay_v, chip), layer.scale_v, chip)
        weights, bias = [_array(weight) for weight in self.weights], _array(self.bias)
        return [
            quantize_kernels(
                [weight[..., first:last] for weight in weights],
                np.full(last - first, self._threshold(), np.float32),
                bias[first:last],
                gains,
                chip,
                f"layer {layer.name}, channels {first}..{last - 1}",
            )
            for first, last in self.channels
        ]

    def _neurons(self, parts: list[QuantizedKernels]) -> IntegerNeurons:
        layer, chip = self.layer, self.chip
        ends = [potential_limits(layer.v_min, layer.v_max, p.v_scale, chip) for p in parts]
        decay_u, decay_v = integer_decays(layer.decay_u, layer.decay_v, chip)
        return IntegerNeurons(
            threshold=np.concatenate([part.threshold for part in parts]),
            keep_u=chip.decay_max - decay_u,
            keep_v=chip.decay_max + 1 - decay_v,
            v_min=max(low for low, _ in ends),
            v_max=min(high for _, high in ends),
        )

    def _arriving(
        self, spikes: Mapping[str, Tensor], parts: list[QuantizedKernels], scale: Tensor
    ) -> tuple[Tensor, int]:
        """Return the sums of weights after every step but the last, (T - 1, B, C, H, W).

        They are in units of the second number, a power of two.
        """
        size = (self.layer.shape[1], self.layer.shape[2])
        integers = [
            np.concatenate([p.weights[i] for p in parts], -1) for i in range(len(self.weights))
        ]
        units = [self._unit(weights) for weights in integers]
        least = min(units)
        total: Tensor | None = None
        for kernel, weight, whole, unit in zip(
            self.layer.kernels, self.weights, integers, units, strict=True
        ):
            rounded = _through(weight * (scale / unit), [whole / unit])
            source = spikes[kernel.source][:-1]
            arrived = slide(source.flatten(0, 1), rounded, kernel.window, size)
            arrived = arrived * (unit // least) if unit > least else arrived
            total = arrived if total is None else total + arrived
        assert total is not None
        return total.view(len(source), -1, *total.shape[1:]), least

    def _unit(self, weights: Any) -> int:
        """Return the power of two that divides all weights; sums of the rest are exact."""
        bits = int(np.bitwise_or.reduce(np.abs(weights), axis=None)) or 1
        unit = bits & -bits
        largest = int(np.abs(weights, dtype=np.int64).sum(axis=(0, 1, 2)).max()) // unit
        if largest >= _EXACT:
            raise CompileError(
                f"the weights into a neuron of layer {self.layer.name} sum up to {largest} units; "
                f"training is exact below {_EXACT}. Use fewer input channels or a smaller kernel."
            )
        return unit

    def _spread(self, values: list[float]) -> Tensor:
        """Return one value for each channel from one for each range, (C,) in float64."""
        sizes = torch.tensor([last - first for first, last in self.channels])
        return torch.tensor(values, dtype=torch.float64).repeat_interleave(sizes)


def _through(smooth: Tensor, rounded: list[Any]) -> Tensor:
    """Return the rounded values, with the gradient of the smooth ones."""
    values = torch.from_numpy(np.concatenate(rounded, axis=-1, dtype=np.float32))
    passed: Tensor = _StraightThrough.apply(smooth.float(), values)  # type: ignore[no-untyped-call]
    return passed


class _StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, smooth: Tensor, values: Tensor) -> Tensor:
        return values

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return grad, None


def _array(tensor: Tensor) -> Any:
    return np.ascontiguousarray(tensor.detach().numpy(), np.float32)


def _doubles(tensor: Tensor) -> Any:
    return tensor.detach().numpy().astype(np.float64)


def _check(layer: FloatLayer) -> None:
    plain = layer.refractory == 1 and layer.bias.ndim == 1 and np.ndim(layer.threshold) == 0
    if not (plain and layer.kernels):
        raise CompileError(
            f"layer {layer.name} has a refractory period of {layer.refractory}, a bias of shape "
            f"{layer.bias.shape} and {len(layer.kernels)} connections; layers to train have no "
            "refractory period (1), one bias for each channel, one threshold and a connection."
        )
