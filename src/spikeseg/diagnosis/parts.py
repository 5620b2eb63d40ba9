"""The error of a layer, split into parts that say what to do about it."""

from torch import Tensor

PARTS = ("clipping", "rounding", "handed_on", "timing")
"""The parts, in the order in which they are taken off."""

_NOISE = 1e-5  # of a threshold: what two ways to compute one current differ by


def resolved(activation: Tensor, worth: Tensor, num_steps: int) -> Tensor:
    """Return what spikes can tell of an activation after T steps.

    ```
    Q(a) = theta / T * clip(floor(a * T / theta + 1/2), 0, T)
    ```

    Args:
        activation: (B, C, H, W), a.
        worth: (C, 1, 1), theta.
        num_steps: T.

    >>> import torch
    >>> resolved(torch.tensor([[[[-1.0, 0.3, 0.9, 5.0]]]]), torch.ones(1, 1, 1), 2)
    tensor([[[[0.0000, 0.5000, 1.0000, 1.0000]]]])
    """
    counts = (activation * (num_steps / worth) + 0.5).floor().clamp(0, num_steps)
    return counts * (worth / num_steps)


def error_parts(
    analog: Tensor, spiking: Tensor, moved: Tensor, worth: Tensor, num_steps: int
) -> dict[str, Tensor]:
    """Split ``spiking - analog`` into parts that sum to it, neuron by neuron.

    ```
    clipping   min(a, theta) - a                 a neuron fires at most once in a step
    rounding   Q(a) - min(a, theta)              a count is a whole number (see `resolved`)
    handed on  Q(a + d) - Q(a)                   earlier layers' spikes make another mean current
    timing     s - Q(a + d)                      the rest: when the current comes, where the
                                                 potential starts, what a reset loses
    ```

    Args:
        analog: (B, C, H, W), a.
        spiking: (B, C, H, W), s, decoded from the spikes of all steps.
        moved: (B, C, H, W), d: by how much the mean current that the spikes of earlier layers
            make, rectified, differs from the analog one, rectified, in the network's units.
        worth: (C, 1, 1), theta.
        num_steps: T.
    """
    d = moved.where(moved.abs() > _NOISE * worth, 0)
    clipped = analog.minimum(worth.to(analog))
    rounded, received = (resolved(a, worth, num_steps) for a in (analog, analog + d))
    return {
        "clipping": clipped - analog,
        "rounding": rounded - clipped,
        "handed_on": received - rounded,
        "timing": spiking - received,
    }
