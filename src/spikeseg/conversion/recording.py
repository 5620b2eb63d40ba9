"""Runs a traced network and keeps what its activations put out."""

from typing import Any

import torch
from torch import Tensor, fx

from spikeseg.conversion.tracing import TracedNetwork
from spikeseg.engine.gates import max_pool


def record_activations(traced: TracedNetwork, images: Tensor) -> dict[str, Tensor]:
    """Run the traced network and return each hidden population's activation, (B, C, H, W)."""
    recorder = _Recorder(traced)
    with torch.inference_mode():
        recorder.run(images.clone())
        for connection in traced.connections:
            if connection.target in traced.gates:
                pooling, x = traced.gates[connection.target], recorder.found[connection.source]
                recorder.found[connection.target] = max_pool(pooling, x)
    return recorder.found


class _Recorder(fx.Interpreter):
    def __init__(self, traced: TracedNetwork) -> None:
        super().__init__(traced.module)
        self._names = set(traced.amplitudes)
        self.found: dict[str, Tensor] = {}

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        if n.meta.get("population") in self._names:
            self.found[n.meta["population"]] = value.clone()  # it may be changed in place later
        return value
