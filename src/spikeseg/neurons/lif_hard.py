"""Leaky integrate-and-fire with reset to zero."""

from typing import Any

from spikeseg.neurons import NEURONS, Parameters, State


@NEURONS.register("lif_hard")
def step(current: Any, state: State, parameters: Parameters) -> tuple[Any, State]:
    """Leak, integrate, fire at the threshold, reset to zero.

    ```
    u <- decay_u * u + gain_u * current
    v <- decay_v * v + u
    spike = v >= v_threshold
    v <- 0 where spike
    ```

    Under a constant current J the potential is ``J (1 - decay_v^n) / (1 - decay_v)`` after n steps
    without a spike (Gerstner et al. 2014, Neuronal Dynamics, equation 1.10, in whole steps).

    >>> step(0.5, State(0.0, 0.75), Parameters(1.0, 0.0, 1.0, decay_v=0.5))
    (False, State(u=0.5, v=0.875, n=0.0))
    """
    u = parameters.decay_u * state.u + parameters.gain_u * current
    v = parameters.decay_v * state.v + u
    spike = v >= parameters.v_threshold
    return spike, State(u, v * (v < parameters.v_threshold), state.n)
