"""Integrate-and-fire with reset by subtraction."""

from typing import Any

from spikeseg.neurons import NEURONS, Parameters, State


@NEURONS.register("if_soft")
def step(current: Any, state: State, parameters: Parameters) -> tuple[Any, State]:
    """Integrate, fire at the threshold, subtract it.

    ```
    u <- decay_u * u + gain_u * current
    v <- v + u
    spike = v >= v_threshold
    v <- v - spike * v_threshold
    ```

    Nothing is lost at a reset, so after T steps of a current that sums to S the neuron has fired
    ``floor((v_initial + S) / v_threshold)`` times as long as it need not fire twice in a step
    (Rueckauer et al. 2017, doi:10.3389/fnins.2017.00682). ``v`` has no lower bound.

    >>> step(0.75, State(0.0, 0.5), Parameters(1.0, 0.0, 1.0))
    (True, State(u=0.75, v=0.25, n=0.0))
    """
    u = parameters.decay_u * state.u + parameters.gain_u * current
    v = state.v + u
    spike = v >= parameters.v_threshold
    return spike, State(u, v - spike * parameters.v_threshold, state.n)
