"""The U-Net with the neurons of SpikingJelly, snnTorch, Norse and sinabs, dynamics made the same.

Each library in the form of its own tutorials. Imports stand inside: the tests of the arithmetic run
without any of them.
"""

import math
import warnings
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.training.naive import ALPHA, DECAY, THRESHOLD
from benchmarks.training.network import BatchFirst, Merged, Outer, UNet


class JellyNeuron(nn.Module):
    """SpikingJelly's multi-step neuron, its state forgotten before each image.

    Args:
        simple: its neuron in plain torch; the other has kernels on a GPU, and takes its CUDA or
            Triton ones, whichever is there, unless SJ_LIF_CUDA_IMPLEMENTATION names one.
    """

    def __init__(self, simple: bool = False) -> None:
        super().__init__()
        from spikingjelly.activation_based import neuron, surrogate

        make = neuron.SimpleLIFNode if simple else neuron.LIFNode
        self.inner = make(
            tau=1 / DECAY,
            decay_input=False,
            v_threshold=THRESHOLD,
            v_reset=0.0,
            surrogate_function=surrogate.ATan(ALPHA),
            detach_reset=True,
            step_mode="m",
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return spikes of currents, both (T, B, C, H, W)."""
        self.inner.reset()
        spikes: Tensor = self.inner(x)
        return spikes


class SnnTorchNeuron(nn.Module):
    """snnTorch's leaky neuron, one step; its reset to zero comes at the start of the next step."""

    def __init__(self) -> None:
        super().__init__()
        import snntorch
        from snntorch import surrogate

        self.inner = snntorch.Leaky(
            beta=DECAY,
            threshold=THRESHOLD,
            spike_grad=surrogate.atan(alpha=ALPHA),
            reset_mechanism="zero",
        )

    def forward(self, x: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return spikes and potential, of one step."""
        found: tuple[Tensor, Tensor] = self.inner(
            x, torch.zeros_like(x) if state is None else state
        )
        return found


class NorseNeuron(nn.Module):
    """Norse's neuron without synaptic current, one step: v + (x - v) / 2, so its norm gives 2 x.

    It knows no arctangent and passes gradients through the reset: its own surrogate is used.
    """

    def __init__(self) -> None:
        super().__init__()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of torch.jit.script
            from norse.torch import LIFBoxCell, LIFBoxParameters

        dt = 1e-3
        parameters = LIFBoxParameters(
            tau_mem_inv=torch.tensor(DECAY / dt), v_th=torch.tensor(THRESHOLD)
        )
        self.inner = LIFBoxCell(parameters, dt=dt)

    def forward(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Return spikes and state, of one step."""
        found: tuple[Tensor, Any] = self.inner(x, state)
        return found


def sinabs_surrogate(v: Tensor, threshold: Tensor) -> Tensor:
    """Return the arctangent's derivative, which sinabs does not have but takes from its users."""
    return (ALPHA / 2) / (1 + (math.pi / 2 * ALPHA * (v - threshold)) ** 2)


class SinabsNeuron(nn.Module):
    """sinabs' neuron on (B * T, C, H, W); its time constant is not trained, which is faster."""

    def __init__(self, num_steps: int) -> None:
        super().__init__()
        from sinabs.activation import MembraneReset, SingleSpike
        from sinabs.layers import LIFSqueeze

        self.inner = LIFSqueeze(
            num_timesteps=num_steps,
            tau_mem=-1 / math.log(DECAY),
            spike_threshold=torch.tensor(THRESHOLD),
            spike_fn=SingleSpike,
            reset_fn=MembraneReset(),
            surrogate_grad_fn=sinabs_surrogate,
            norm_input=False,
        )
        self.inner.tau_mem.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """Return spikes of currents, both (B * T, C, H, W)."""
        steps = self.inner.num_timesteps
        self.inner.init_state_with_shape((x.shape[0] // steps, *x.shape[1:]))
        spikes: Tensor = self.inner(x)
        return spikes


class DoubledNorms(Outer):
    """The U-Net for Norse: norms give twice the current."""

    def double_norms(self) -> None:
        """Double the scale and shift of every norm, once, after the weights were loaded."""
        with torch.no_grad():
            for norm in self.norms.values():
                assert isinstance(norm, nn.BatchNorm2d)
                norm.weight.mul_(2)
                norm.bias.mul_(2)


def spikingjelly_unet(num_steps: int, simple: bool = False) -> UNet:
    """Return the U-Net with SpikingJelly's neurons."""
    return Merged(lambda: JellyNeuron(simple), num_steps)


def snntorch_unet(num_steps: int) -> UNet:
    """Return the U-Net with snnTorch's neurons."""
    return Outer(SnnTorchNeuron, num_steps)


def norse_unet(num_steps: int) -> UNet:
    """Return the U-Net with Norse's neurons."""
    return DoubledNorms(NorseNeuron, num_steps)


def sinabs_unet(num_steps: int) -> UNet:
    """Return the U-Net with sinabs' neurons."""
    return BatchFirst(lambda: SinabsNeuron(num_steps), num_steps)
