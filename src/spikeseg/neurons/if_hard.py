"""Integrate-and-fire with reset to zero."""

from typing import Any

from spikeseg.neurons import NEURONS, Parameters, State


@NEURONS.register("if_hard")
def step(current: Any, state: State, parameters: Parameters) -> tuple[Any, State]:
    """Integrate, fire at the threshold, reset to zero.

    ```
    u <- decay_u * u + gain_u * current
    v <- v + u
    spike = v >= v_threshold
    v <- 0 where spike
    ```

    What exceeded the threshold is lost at every spike, so under a constant current J the period
    is ``ceil(v_threshold / J)`` steps (Rueckauer et al. 2017, doi:10.3389/fnins.2017.00682).
    ``v`` has no lower bound.

    >>> step(0.75, State(0.0, 0.5), Parameters(1.0, 0.0, 1.0))
    (True, State(u=0.75, v=0.0, n=0.0))
    """
    u = parameters.decay_u * state.u + parameters.gain_u * current
    v = state.v + u
    spike = v >= parameters.v_threshold
    return spike, State(u, v * (v < parameters.v_threshold), state.n)
