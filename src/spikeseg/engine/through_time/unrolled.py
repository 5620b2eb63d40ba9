"""Neurons over time as one straight line of torch operators, forward and backward: for a GPU.

Nothing here runs as it stands: `compiled` gives it to torch.compile, which makes one kernel of all
steps. No autograd, since the gradient is written out; x is (T, N, C, M) everywhere, the pixels of
all images before (N) and after (M) the channels, or (1, N, C, M) where it is the same in all steps.
Potentials are float32, float64 where x is. The slow text that all this must equal is
`unroll_stepwise`, behind a batch norm where there is one.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from spikeseg.engine.through_time.dynamics import Dynamics, reset
from spikeseg.neurons import Parameters, State, Step
from spikeseg.surrogates import Slope

_EACH = (0, 1, 3)  # all axes but the channels'


@dataclass(frozen=True)
class Plan:
    """What is compiled in.

    Attributes:
        dynamics: the neuron.
        slope: the derivative of its spike.
        steps: T.
        constant: x is the same in all steps.
        trained: the gradient of the decay is asked for.
        training: a batch norm uses the batch's own statistics.
    """

    dynamics: Dynamics
    slope: Slope
    steps: int
    constant: bool
    trained: bool = False
    training: bool = False


class Steps(NamedTuple):
    """Some steps of a graph's neurons.

    Attributes:
        step: one of them.
        parameters: its constants.
        length: how many.
    """

    step: Step
    parameters: Parameters
    length: int


class _Moment(NamedTuple):
    """Potentials of a step: after the reset of the one before, and before its own."""

    before: Tensor | None
    reached: Tensor


def fire_all(plan: Plan, x: Tensor, decay: Tensor, *affine: Tensor) -> Tensor:
    """Return the spikes, (T, N, C, M), in the dtype of x."""
    moments = _integrate(plan, x, decay, affine)
    return torch.stack([_spike(plan, moment.reached).to(x.dtype) for moment in moments])


def gradients(plan: Plan, x: Tensor, decay: Tensor, grad: Tensor) -> tuple[Tensor, Tensor | None]:
    """Return the gradient of x, in its dtype, and, if it is trained, what sums to the decay's."""
    moments = _integrate(plan, x, decay, ())
    found = _go_back(plan, moments, decay, grad)
    return _of_x(plan, found, x.dtype), _of_decay(plan, moments, found)


def sums(
    plan: Plan, x: Tensor, decay: Tensor, grad: Tensor, mean: Tensor, *affine: Tensor
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return sums over time, (N, C, M), of three gradients: of bias, weight and decay.

    That of the weight lacks a factor, the inverse deviation. The rest of the sum is `totals`: in
    one text Inductor splits the sum over pixels, and then keeps the potentials of all steps.
    """
    moments = _integrate(plan, x, decay, affine)
    found = _go_back(plan, moments, decay, grad)
    centered = [_wide(x[0 if plan.constant else t]) - mean[:, None] for t in range(plan.steps)]
    products = [by * off for by, off in zip(found, centered, strict=True)]
    return _added(found), _added(products), _of_decay(plan, moments, found)


def totals(
    plan: Plan, by_bias: Tensor, by_weight: Tensor, inverse: Tensor, gain: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the gradients of weight and bias, (C,), and what makes that of x of them.

    The latter are ``along`` and ``offset``, (C,), for `normed_gradients`: how the batch's own
    statistics answer; zeros where it does not use them.
    """
    count = by_bias.numel() // by_bias.shape[1] * (1 if plan.constant else plan.steps)
    bias = by_bias.sum((0, 2))
    weight = by_weight.sum((0, 2)) * inverse
    share = gain / count if plan.training else 0.0 * gain
    return weight, bias, -share * inverse * weight, -share * bias


def normed_gradients(
    plan: Plan, x: Tensor, decay: Tensor, grad: Tensor, mean: Tensor, *others: Tensor
) -> Tensor:
    """Return the gradient of x, in its dtype; ``others`` are along, offset, gain and shift."""
    along, offset, *affine = (other[:, None] for other in others)
    moments = _integrate(plan, x, decay, others[2:])
    found = _go_back(plan, moments, decay, grad)
    if plan.constant:
        found = [_added(found)]
    centered = [_wide(now) - mean[:, None] for now in x.unbind(0)]
    return torch.stack(
        [
            (affine[0] * by + along * off + offset).to(x.dtype)
            for by, off in zip(found, centered, strict=True)
        ]
    )


def statistics(eps: float, x: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, ...]:
    """Return mean, inverse deviation, gain, shift and the unbiased variance of each channel."""
    variance, mean = torch.var_mean(_wide(x), _EACH, correction=0)
    count = x.numel() // x.shape[2]
    return *of_past(eps, mean, variance, weight, bias), variance * (count / (count - 1))


def of_past(
    eps: float, mean: Tensor, variance: Tensor, weight: Tensor, bias: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return mean, inverse deviation, gain and shift, (C,) each."""
    inverse = torch.rsqrt(variance + eps)
    gain = weight * inverse
    return mean + 0.0, inverse, gain, bias - mean * gain


def step_all(plan: Steps, current: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
    """Return the spikes of some steps of a graph's neurons, (T, ...), and u, v and n after them."""
    now, spikes = State(*state), []
    for t in range(plan.length):
        spike, now = plan.step(current[t], now, plan.parameters)
        spikes.append(spike.to(current.dtype))
    return torch.stack(spikes), *now


def _wide(x: Tensor) -> Tensor:
    return x if x.dtype == torch.float64 else x.float()


def _spike(plan: Plan, reached: Tensor) -> Tensor:
    return (reached >= plan.dynamics.v_threshold).to(reached.dtype)


def _integrate(plan: Plan, x: Tensor, decay: Tensor, affine: tuple[Tensor, ...]) -> list[_Moment]:
    moments: list[_Moment] = []
    v: Tensor | None = None
    for t in range(plan.steps):
        now = _wide(x[0 if plan.constant else t])
        if affine:
            now = now * affine[0][:, None] + affine[1][:, None]
        reached = now if v is None else decay * v + now
        moments.append(_Moment(v, reached))
        v = reset(reached, _spike(plan, reached), plan.dynamics)
    return moments


def _go_back(plan: Plan, moments: list[_Moment], decay: Tensor, grad: Tensor) -> list[Tensor]:
    """Return the gradient of the current of each step."""
    found: list[Tensor] = []
    carried: Tensor | None = None  # the gradient of the potential after the reset
    for t in reversed(range(plan.steps)):
        reached = moments[t].reached
        by_spike = grad[t].to(reached.dtype)
        by_reached = _of_reached(plan, reached, by_spike, carried)
        carried = decay * by_reached
        found.insert(0, by_reached)
    return found


def _of_reached(plan: Plan, reached: Tensor, by_spike: Tensor, carried: Tensor | None) -> Tensor:
    dynamics = plan.dynamics
    distance = reached / dynamics.v_threshold - 1.0
    slope: Tensor = plan.slope(distance).to(reached.dtype) / dynamics.v_threshold
    if carried is None:
        return by_spike * slope
    soft = dynamics.reset == "soft"
    if not dynamics.detach_reset:
        by_spike = by_spike - carried * (dynamics.v_threshold if soft else reached)
    return by_spike * slope + (carried if soft else carried * (1.0 - _spike(plan, reached)))


def _of_x(plan: Plan, found: list[Tensor], dtype: torch.dtype) -> Tensor:
    each = [_added(found)] if plan.constant else found
    return torch.stack([by.to(dtype) for by in each])


def _of_decay(plan: Plan, moments: list[_Moment], found: list[Tensor]) -> Tensor | None:
    if not plan.trained:
        return None
    pairs = zip(moments, found, strict=True)
    products = [by * moment.before for moment, by in pairs if moment.before is not None]
    return _added(products) if products else 0.0 * found[0]


def _added(terms: list[Tensor]) -> Tensor:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
