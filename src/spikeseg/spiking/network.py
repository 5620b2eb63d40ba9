"""A network of spiking neurons, unrolled over its steps."""

import contextlib
from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn

from spikeseg.config import SpikingConfig
from spikeseg.engine import split
from spikeseg.errors import ConfigError
from spikeseg.spiking.clock import Clock, Timed
from spikeseg.spiking.coding import CODINGS


class SpikingNetwork(nn.Module):
    """Runs a network whose activations are neurons over all steps, time in the batch.

    Args:
        inner: takes one step's input, gives logits; its `Timed` parts get one clock.
        config: neurons, steps, coding.

    Shape:
        (B, C, H, W) to logits (B, K, H, W), averaged over the steps.
    """

    def __init__(self, inner: nn.Module, config: SpikingConfig) -> None:
        super().__init__()
        self.inner, self.config = inner, config
        self.clock = Clock(config.num_steps)
        timed = [module for module in inner.modules() if isinstance(module, Timed)]
        for number, module in enumerate(timed):
            module.clock, module.number = self.clock, number

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits, (B, K, H, W)."""
        with self._pass(images, average=True):
            return self._run(images, self.config.num_steps)

    def in_steps(
        self, images: Tensor, num_steps: int | None = None, *, binary: bool = False
    ) -> Tensor:
        """Return the logits that every step gives, (T, B, K, H, W); their mean is the answer.

        Args:
            images: (B, C, H, W).
            num_steps: T; as trained if not given.
            binary: integer-valued neurons send spikes of 0 and 1, in ``levels`` steps for each.

        Raises:
            ConfigError: a number of steps for which there are no norms, or no input.
        """
        return self.counted(images, num_steps, binary=binary)[0]

    def counted(
        self, images: Tensor, num_steps: int | None = None, *, binary: bool = False
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return what `in_steps` does, and each neuron's spikes, (B, C, H, W) by layer."""
        steps = self._checked(self.config.num_steps if num_steps is None else num_steps)
        how = {"average": False, "num_steps": steps, "binary": binary, "counts": {}}
        with self._pass(images, **how):
            logits = self.clock.unfolded(self._run(images, steps))
            found = self.clock.counts or {}
        if len(logits) > steps:
            logits = split(logits, steps).mean(dim=1)
        names = {m.number: name for name, m in self.inner.named_modules() if isinstance(m, Timed)}
        counts = {names[number]: count for number, count in found.items()}
        return logits.expand(steps, *logits.shape[1:]), counts

    def online(self, images: Tensor) -> Iterator[Tensor]:
        """Yield the logits of one step after the other, (B, K, H, W).

        No gradient goes from a step to the one before, so that each can be trained, and forgotten,
        by itself (Meng et al. 2023, SLTT, arXiv:2302.14311).
        """
        steps = self.config.num_steps
        inputs = CODINGS[self.config.coding](images, steps, self.training)
        apart = split(inputs, len(inputs) // len(images))
        with self._pass(images, average=True, online=True):
            for t in range(steps):
                self.clock.step = t
                logits: Tensor = self.inner(apart[t if len(apart) > 1 else 0])
                yield logits

    def _run(self, images: Tensor, num_steps: int) -> Tensor:
        inputs = CODINGS[self.config.coding](images, num_steps, self.training)
        logits: Tensor = self.inner(inputs)
        return logits

    def _checked(self, num_steps: int) -> int:
        if num_steps < 1:
            raise ConfigError(f"num_steps is {num_steps}; it must be at least 1.")
        if self.config.coding == "steps" and num_steps != self.config.num_steps:
            raise ConfigError(
                f"num_steps is {num_steps}; this network takes the {self.config.num_steps} steps "
                "that its data have (coding 'steps'), neither fewer nor more."
            )
        return num_steps

    def _pass(self, images: Tensor, **how: Any) -> contextlib.AbstractContextManager[None]:
        """Set the clock for a pass, and back."""
        settings = {"num_steps": self.config.num_steps, "batch": len(images), **how}
        return self.clock.set_to(Clock(recompute=self.clock.recompute, **settings))
