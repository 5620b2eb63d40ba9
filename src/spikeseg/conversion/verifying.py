"""Checks a traced network against the network, current by current."""

from typing import Any

import torch
from torch import Tensor, fx

from spikeseg.conversion.walking import INPUT, OUTPUT, Walk
from spikeseg.engine.currents import Current
from spikeseg.engine.gates import max_pool
from spikeseg.errors import UnsupportedLayerError

_TOLERANCE = 1e-3  # of the largest value: rounding stays far below, a wrong map does not


def check_same(walk: Walk, module: fx.GraphModule, example: Tensor) -> None:
    """Check that the connections give what flows into each activation of the network.

    Args:
        walk: through the module, finished.
        module: the traced network; returns logits.
        example: (B, C, H, W).

    Raises:
        UnsupportedLayerError: somewhere they do not.
    """
    recorder = _Recorder(module)
    with torch.inference_mode():
        found = {OUTPUT: recorder.run(example.clone())} | recorder.into
        values = recorder.out_of | {INPUT: example}
        for name in list(walk.shapes)[1:]:
            into = [c for c in walk.connections if c.target == name]
            parts = [Current(c, example)(values[c.source]) for c in into]
            if name in walk.gates:
                values[name] = max_pool(walk.gates[name], parts[0])
            else:
                compare(sum(parts[1:], parts[0]), found[name], f"what flows into {name!r}")


def compare(found: Tensor, expected: Tensor, what: str) -> None:
    """Compare two tensors up to rounding.

    Raises:
        UnsupportedLayerError: they are not the same.
    """
    error = float((found - expected).abs().nan_to_num().max())
    if error > _TOLERANCE * float(expected.abs().nan_to_num().max()) + 1e-6:
        raise UnsupportedLayerError(
            f"{what} has other values in the network than its traced operations give, by up to "
            f"{error:.2g}; tracing misses what changes a part of a tensor in place. Write "
            "x = x + y in place of x += y."
        )


class _Recorder(fx.Interpreter):
    """Keeps what flows into and out of each activation."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.into: dict[str, Tensor] = {}
        self.out_of: dict[str, Tensor] = {}

    def run_node(self, n: fx.Node) -> Any:
        name = n.meta.get("population")
        if name is None:
            return super().run_node(n)
        arguments, named = self.fetch_args_kwargs_from_env(n)
        given: Tensor = (arguments or tuple(named.values()))[0]
        self.into[name] = given.clone()
        value = super().run_node(n)
        self.out_of[name] = value.clone()
        return value
