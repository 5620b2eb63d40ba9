"""nengo-loihi's emulator on the same network, in an environment of its own; driven by its input.

Every line of the input is a number of steps to run from the beginning; a line of JSON answers it.
``python -m benchmarks.emulator.peer FILE.npz`` is started by ``benchmarks.emulator.measure``.
"""

import json
import re
import sys
import time
import warnings
from typing import Any

import numpy as np

_NAME = re.compile(r"layer_(\w+?)_layer")
_DT = 0.001
_TAU = 0.005


def main() -> None:
    """Build, and run whenever a line arrives."""
    with np.load(sys.argv[1]) as file:
        arrays = dict(file)
    started = time.perf_counter()
    peer = Peer(json.loads(str(arrays["network"])), arrays)
    print(json.dumps({"build_s": time.perf_counter() - started, "cores": peer.cores}), flush=True)
    for line in sys.stdin:
        print(json.dumps(peer.run(int(line))), flush=True)


class Peer:
    """A network in nengo-loihi's emulator."""

    def __init__(self, network: dict[str, Any], arrays: dict[str, Any]) -> None:
        import nengo_loihi

        self.network, self.arrays = network, arrays
        simulator = nengo_loihi.Simulator(self._build(), dt=_DT, target="sim", progress_bar=False)
        self.model, self.emulator = simulator.model, simulator.sims["emulator"]
        self.cores = len(self.model.blocks)
        self.places = {block: _NAME.findall(block.label)[0] for block in self.model.blocks}
        for spike_input in self.emulator.inputs:
            for t, fired in enumerate(arrays["spikes"]):
                numbers = np.flatnonzero(fired.transpose(1, 2, 0))
                spike_input.add_spikes(t + 1, numbers, permanent=True)

    def _build(self) -> Any:
        import nengo
        import nengo_loihi
        from nengo.dists import Choice

        made = {}
        with nengo.Network(seed=1) as built:
            nengo_loihi.add_params(built)
            for name, entry in self.network.items():
                c, h, w = entry["shape"]
                bias = np.tile(self.arrays.get(f"{name}.bias", np.zeros(c)), h * w)
                made[name] = nengo.Ensemble(
                    c * h * w,
                    1,
                    neuron_type=nengo.SpikingRectifiedLinear(),
                    gain=Choice([1.0]),
                    bias=bias,
                    label=f"layer_{name}_layer",
                )
                built.config[made[name]].on_chip = "tile" in entry
                if "tile" in entry:
                    tile_c, tile_h, tile_w = entry["tile"]
                    shape = nengo_loihi.BlockShape((tile_h, tile_w, tile_c), (h, w, c))
                    built.config[made[name]].block_shape = shape
            for name, entry in self.network.items():
                for number, link in enumerate(entry["links"]):
                    kernel = self.arrays[f"{name}.{number}"].astype(np.float64) * _DT
                    nengo.Connection(
                        made[link["source"]].neurons,
                        made[name].neurons,
                        transform=self._transform(name, link, kernel),
                        synapse=_TAU,
                    )
        return built

    def _transform(self, name: str, link: dict[str, Any], kernel: Any) -> Any:
        import nengo

        (c, h, w), out = self.network[link["source"]]["shape"], self.network[name]["shape"]
        how = {"strides": link["stride"], "kernel_size": kernel.shape[:2], "init": kernel}
        if link["transposed"]:
            shape = (out[1], out[2], out[0])
            return nengo.ConvolutionTranspose(
                out[0], (h, w, c), output_shape=shape, padding="valid", **how
            )
        return nengo.Convolution(out[0], (h, w, c), padding="same", **how)

    def run(self, num_steps: int) -> dict[str, Any]:
        """Run from the beginning; return seconds a step, and how often each neuron fired."""
        emulator, state = self.emulator, self.emulator.compartment
        emulator.t = 0
        state.current[:] = state.ref_count[:] = state.spike_count[:] = 0
        state.spiked[:] = False
        for block, part in self._parts():
            initial = self.arrays[f"{self.places[block]}.v_initial"]
            state.voltage[part] = initial.ravel()[list(self.model.block_comp_map[block])]
        trace = []
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(num_steps):
            emulator.step()
            trace.append(int(state.spiked.sum()))
        seconds = time.perf_counter() - wall, time.process_time() - cpu
        counts = {
            name: np.zeros(self.arrays[f"{name}.v_initial"].size, int)
            for name in set(self.places.values())
        }
        for block, part in self._parts():
            own = list(self.model.block_comp_map[block])
            counts[self.places[block]][own] = state.spike_count[part]
        return {
            "wall_ms": seconds[0] / num_steps * 1e3,
            "cpu_ms": seconds[1] / num_steps * 1e3,
            "spikes": trace,
            "counts": {name: c.tolist() for name, c in counts.items()},
        }

    def _parts(self) -> Any:
        return self.emulator.block_info.slices.items()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
