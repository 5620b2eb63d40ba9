"""Neurons of networks that are trained through their spikes."""

import abc
import math

import torch
from torch import Tensor, nn

from spikeseg.config import SpikingConfig
from spikeseg.engine import Dynamics, leaky_scan, normalized_leaky_scan, split, unroll_stepwise
from spikeseg.engine.through_time.dynamics import fire, reset
from spikeseg.layers import AbstractActivation
from spikeseg.spiking.clock import Timed
from spikeseg.spiking.normalization import TimeNorm
from spikeseg.spiking.together import is_shared


class SpikingActivation(Timed, AbstractActivation):
    """Neurons in the place of an activation: currents in, spikes out, time in the batch.

    Args:
        config: the neuron.

    Shape:
        (T * B, C, H, W), or (B, C, H, W) for a current that is the same in all steps, to
        (T * B, C, H, W) spikes of 0 and 1.
    """

    def __init__(self, config: SpikingConfig) -> None:
        super().__init__()
        self.amplitude = 1.0
        self.config = config
        self.dynamics = Dynamics(
            config.v_threshold, config.reset, config.surrogate, config.detach_reset
        )

    def extra_repr(self) -> str:
        """Show the neuron."""
        decay = float(torch.as_tensor(self.decay).detach())
        return f"{self.config.neuron}, decay={decay:g}, {self.config.reset} reset"

    @property
    def decay(self) -> Tensor | float:
        """Share of the membrane potential that survives a step."""
        return self.config.decay

    def forward(self, x: Tensor, norm: TimeNorm | None = None) -> Tensor:
        """Return the spikes, late if there is a delay; of ``norm(x)`` if a norm is given."""
        spikes = self.fire(x) if norm is None else self.fire_normalized(x, norm)
        if self.clock.counts is not None:
            self.clock.counts[self.number] = self._counted(spikes)
        late = self.config.delay and self.clock.batch is not None
        return self._late(spikes) if late else spikes

    def fire_normalized(self, x: Tensor, norm: TimeNorm) -> Tensor:
        """Return what `fire` gives for ``norm(x)``."""
        return self.fire(norm(x))

    @abc.abstractmethod
    def fire(self, x: Tensor) -> Tensor:
        """Return the spikes of each step, (T * B, C, H, W)."""

    def _counted(self, spikes: Tensor) -> Tensor:
        """Return how many binary spikes each neuron has fired, (B, C, H, W)."""
        return self.clock.unfolded(spikes).detach().sum(dim=0)

    def _late(self, spikes: Tensor) -> Tensor:
        """Return what arrives in each step: the spikes of the step before."""
        clock = self.clock
        if clock.online:
            arriving = clock.states.get(-1 - self.number, torch.zeros_like(spikes))
            clock.states[-1 - self.number] = spikes.detach()
            return arriving
        step = len(spikes) // clock.num_steps  # images, or images and binary parts of a step
        return torch.cat([torch.zeros_like(spikes[:step]), spikes[:-step]])


class LIF(SpikingActivation):
    """Leaky integrate-and-fire: ``v <- decay v + current``, fires at the threshold, is reset."""

    def fire(self, x: Tensor) -> Tensor:
        """Return the spikes."""
        if self.clock.online:
            return self._one_step(x)
        current, num_steps = self._in_time(x)
        again = self.clock.again
        return leaky_scan(current, self.decay, self.dynamics, num_steps, again).flatten(0, 1)

    def fire_normalized(self, x: Tensor, norm: TimeNorm) -> Tensor:
        """Return the spikes, in one scan over time if all steps are run, by one process."""
        clock = self.clock
        if clock.batch is None or clock.online or (norm.training and is_shared()):
            return super().fire_normalized(x, norm)
        (current, num_steps), how = self._in_time(x), norm.described()
        spikes = normalized_leaky_scan(
            current, how, self.decay, self.dynamics, num_steps, clock.again
        )
        return spikes.flatten(0, 1)

    def _in_time(self, x: Tensor) -> tuple[Tensor, int | None]:
        """Return (T, B, ...); or (B, ...) that is the same in all steps, and how many they are."""
        clock = self.clock
        constant = clock.batch is not None and clock.count(x) == 1
        return (x, clock.num_steps) if constant else (clock.unfolded(x), None)

    def _one_step(self, x: Tensor) -> Tensor:
        states = self.clock.states
        spikes, v = unroll_stepwise(x[None], self.decay, self.dynamics, states.get(self.number))
        states[self.number] = v.detach()
        return spikes[0]


class ParametricLIF(LIF):
    """Leaky integrate-and-fire with a trained leak, ``decay = sigmoid(w)``, one for the layer.

    Fang et al. 2021 (arXiv:2007.05785, equation 10), without the factor on the current, which a
    norm undoes.
    """

    def __init__(self, config: SpikingConfig) -> None:
        super().__init__(config)
        start = math.log(config.decay / (1.0 - config.decay))
        self.leak = nn.Parameter(torch.tensor(start))

    @property
    def decay(self) -> Tensor:
        """Share of the membrane potential that survives a step, trained."""
        return torch.sigmoid(self.leak)


class IntegerLIF(SpikingActivation):
    """Fires an integer in training, as many binary spikes afterwards.

    ```
    v <- decay * v + current
    n = clip(round(v / v_threshold), 0, D)
    v <- v - v_threshold * n     (or 0 where n > 0)
    ```

    puts out ``n / D``, with a gradient of 1 where ``0 <= v <= D v_threshold``; a `Readout` makes
    ``n v_threshold`` of it, the current that was rounded, for the layer of the logits. With
    ``clock.binary`` it puts out D steps for each, ``n`` of them with a spike, and takes the mean
    over those of its sources: everything between is linear, so the numbers are the same (Luo et
    al. 2024, SpikeYOLO, arXiv:2407.20708, I-LIF; Lei et al. 2025, arXiv:2412.14587, NI-LIF).
    """

    def fire(self, x: Tensor) -> Tensor:
        """Return (T * B, C, H, W) integers over D, or (T * D * B, C, H, W) binary spikes."""
        clock, levels = self.clock, self.config.levels
        current = clock.in_all_steps(x)
        if clock.binary and len(current) > clock.num_steps:
            current = split(current, len(current) // levels).mean(dim=1)
        fired = self._fired(current)
        if not clock.binary:
            return (fired / levels).flatten(0, 1)
        stairs = torch.arange(levels, device=x.device).view(-1, 1, 1, 1, 1)
        return (stairs < fired[:, None]).to(x.dtype).flatten(0, 2)

    def _counted(self, spikes: Tensor) -> Tensor:
        """Return how many binary spikes each neuron has fired or stands for, (B, C, H, W)."""
        return super()._counted(spikes) * (1 if self.clock.binary else self.config.levels)

    def _fired(self, current: Tensor) -> Tensor:
        config, clock = self.config, self.clock
        v, out = clock.states.get(self.number), []
        for t, now in enumerate(current):
            v = now if v is None else self.decay * v + now
            number: Tensor = _Rounded.apply(v, config.v_threshold, config.levels)  # type: ignore[no-untyped-call]
            if clock.online or t + 1 < len(current):  # else nobody asks for the potential
                v = self._after(v, number.detach() if config.detach_reset else number)
            out.append(number)
        if clock.online and v is not None:
            clock.states[self.number] = v.detach()
        return torch.stack(out) if len(out) > 1 else out[0][None]

    def _after(self, v: Tensor, number: Tensor) -> Tensor:
        """Return the potential after the reset."""
        if self.config.reset == "soft":
            return v - self.config.v_threshold * number
        return v * (number == 0)


class _Rounded(torch.autograd.Function):
    """``clip(round(v / threshold), 0, D)``, as if it were ``v / threshold`` from 0 to D."""

    @staticmethod
    def forward(
        ctx: torch.autograd.function.FunctionCtx, v: Tensor, threshold: float, levels: int
    ) -> Tensor:
        scaled = v * (1.0 / threshold)
        ctx.save_for_backward((scaled >= 0) & (scaled <= levels))
        ctx.threshold = threshold  # type: ignore[attr-defined]
        return scaled.round_().clamp_(0, levels)

    @staticmethod
    def backward(
        ctx: torch.autograd.function.FunctionCtx, *grads: Tensor
    ) -> tuple[Tensor, None, None]:
        (inside,) = ctx.saved_tensors  # type: ignore[attr-defined]
        return grads[0] * (1.0 / ctx.threshold) * inside, None, None  # type: ignore[attr-defined]


class AdaptiveLIF(SpikingActivation):
    """Leaky integrate-and-fire whose threshold rises with every spike and decays back.

    ```
    theta = v_threshold * (1 + adaptation * a)
    v <- decay * v + current,  spike = v >= theta,  v <- v - theta * spike   (or 0)
    a <- adaptation_decay * a + spike
    ```

    Bellec et al. 2018 (arXiv:1803.09574, section 2, LSNN).
    """

    def fire(self, x: Tensor) -> Tensor:
        """Return the spikes."""
        current, clock = self.clock.in_all_steps(x), self.clock
        config, spikes = self.config, []
        state = clock.states.get(self.number, torch.zeros(2, *current.shape[1:], device=x.device))
        v, a = state.to(x.dtype)
        for now in current:
            v = self.decay * v + now
            extra = config.v_threshold * config.adaptation * a
            spike = fire(v - extra, self.dynamics)
            passed = spike.detach() if config.detach_reset else spike
            v = reset(v - extra * passed if self._is_soft else v, spike, self.dynamics)
            a = config.adaptation_decay * a + spike
            spikes.append(spike)
        if clock.online:
            clock.states[self.number] = torch.stack([v, a]).detach()
        return torch.stack(spikes).flatten(0, 1)

    @property
    def _is_soft(self) -> bool:
        return self.config.reset == "soft"


_KINDS: dict[str, type[LIF | IntegerLIF | AdaptiveLIF]] = {
    "lif": LIF,
    "plif": ParametricLIF,
    "ilif": IntegerLIF,
    "alif": AdaptiveLIF,
}


def make_neurons(config: SpikingConfig) -> SpikingActivation:
    """Return new neurons.

    >>> make_neurons(SpikingConfig(decay=0.9))
    LIF(lif, decay=0.9, soft reset)
    """
    return _KINDS[config.neuron](config)
