"""Integrate-and-fire with reset by subtraction that can take a spike back."""

from typing import Any

from spikeseg.neurons import NEURONS, Parameters, State

SPIKE_LEVELS = (-1, 0, 1)


@NEURONS.register("if_signed")
def step(current: Any, state: State, parameters: Parameters) -> tuple[Any, State]:
    """Integrate, fire at the threshold, fire negatively where too much has been fired.

    ```
    u <- decay_u * u + gain_u * current
    v <- v + u
    spike = (v >= v_threshold) - (v < 0 and n > 0)
    v <- v - spike * v_threshold
    n <- n + spike
    ```

    Spikes that came early, before the current that cancels them, are taken back (Hu et al. 2023,
    Fast-SNN, arXiv:2305.19868, section 4.2: a negative spike only after a positive one). With
    ``v_initial = v_threshold / 2`` the sum of the spikes is the accumulated current, rounded, as
    soon as the neuron has caught up.

    >>> step(-1.0, State(0.0, 0.5, 1.0), Parameters(1.0, 0.0, 1.0))
    (-1, State(u=-1.0, v=0.5, n=0.0))
    """
    u = parameters.decay_u * state.u + parameters.gain_u * current
    v = state.v + u
    up, down = v >= parameters.v_threshold, (v < 0) & (state.n > 0)
    spike = 1 * up - 1 * down
    v = v - up * parameters.v_threshold + down * parameters.v_threshold
    return spike, State(u, v, state.n + spike)
