"""Leaky integrate-and-fire with reset by subtraction."""

from typing import Any

from spikeseg.neurons import NEURONS, Parameters, State


@NEURONS.register("lif_soft")
def step(current: Any, state: State, parameters: Parameters) -> tuple[Any, State]:
    """Leak, integrate, fire at the threshold, subtract it.

    ```
    u <- decay_u * u + gain_u * current
    v <- decay_v * v + u
    spike = v >= v_threshold
    v <- v - spike * v_threshold
    ```

    The leak takes its share of what a reset has left (Kim et al. 2022, there ``decay_v`` is 0.99).
    Under a constant current J below ``v_threshold * (1 - decay_v)`` it never fires.

    >>> step(0.75, State(0.0, 0.5), Parameters(1.0, 0.0, 1.0, decay_v=0.5))
    (True, State(u=0.75, v=0.0, n=0.0))
    """
    u = parameters.decay_u * state.u + parameters.gain_u * current
    v = parameters.decay_v * state.v + u
    spike = v >= parameters.v_threshold
    return spike, State(u, v - spike * parameters.v_threshold, state.n)
