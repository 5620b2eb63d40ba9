"""The integrate-and-fire neuron of Loihi 1, in floating point."""

from typing import Any

from spikeseg.neurons import NEURONS, Parameters, State


@NEURONS.register("loihi")
def step(current: Any, state: State, parameters: Parameters) -> tuple[Any, State]:
    """Integrate, clip at zero from below, fire strictly above the threshold, reset to zero.

    ```
    u <- decay_u * u + gain_u * current
    v <- max(v + u, 0)
    spike = v > v_threshold
    v <- 0 where spike
    ```

    The spiking rectified linear unit of nengo-loihi 1.1.0 (``min_voltage = 0``, no refractory
    step) before it is rounded to integers; under a constant current J its period is
    ``ceil(v_threshold / J)`` steps, one more where that ratio is a whole number. Its rate is the
    staircase of the activation ``loihi_relu``.

    >>> step(-2.0, State(0.0, 0.5), Parameters(1.0, 0.0, 1.0))
    (False, State(u=-2.0, v=-0.0, n=0.0))
    """
    u = parameters.decay_u * state.u + parameters.gain_u * current
    v = state.v + u
    v = v * (v > 0)
    spike = v > parameters.v_threshold
    return spike, State(u, v * (v <= parameters.v_threshold), state.n)
