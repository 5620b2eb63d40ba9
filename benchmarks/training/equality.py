"""Whether everybody computes the same: logits of a trained network, before anything is timed.

They are compared with the naive loop's in float64. In float32 a few potentials of some 20 million
lie on the other side of the threshold, the naive loop's too, and each moves many logits.
"""

from collections.abc import Mapping

from torch import Tensor

TOLERANCE, MOST_FLIPPED = 1e-4, 1e-2  # of a logit; share of logits beyond it, where a spike flipped
LEAST_AGREEMENT = 0.97  # of pixels with the exact class, for numbers of fewer bits
_EXACT = ("fp32", "float32")  # ends of the names of ours that promise float32


class UnequalError(Exception):
    """A contestant computes something else than the exact naive loop."""


def check_logits(
    logits: Mapping[str, Tensor], kinds: Mapping[str, str], expected: Tensor
) -> dict[str, dict[str, float]]:
    """Return how far each contestant's logits are from the exact ones; dense twins are left out.

    Args:
        logits: (B, 2, H, W) of every contestant, of the same images and weights.
        kinds: of the contestants.
        expected: those of the naive loop in float64.

    Raises:
        UnequalError: logits or classes differ by more than is allowed.
    """
    found = {}
    for name, values in logits.items():
        if kinds[name] != "dense":
            found[name] = compare(values, expected)
            ours = kinds[name] == "ours" and name.endswith(_EXACT)
            exact = kinds[name] in ("naive", "stock") or ours
            refuse_difference(name, found[name], exact)
    return found


def compare(logits: Tensor, expected: Tensor) -> dict[str, float]:
    """Return the share of logits that differ, the mean difference, the share of equal classes."""
    logits = logits.to(expected)
    difference = (logits - expected).abs()
    same = logits.argmax(1) == expected.argmax(1)
    return {
        "flipped": float((difference > TOLERANCE).float().mean()),
        "mean_difference": float(difference.mean()),
        "agreement": float(same.float().mean()),
    }


def refuse_difference(name: str, found: dict[str, float], exact: bool) -> None:
    """Raise `UnequalError` if a contestant is farther from the exact logits than is allowed."""
    if exact and found["flipped"] > MOST_FLIPPED:
        raise UnequalError(
            f"{name}: a share of {found['flipped']:.1e} of the logits differs from the exact ones "
            f"by more than {TOLERANCE:g}; at most {MOST_FLIPPED:g} may, where a potential lies on "
            "the threshold."
        )
    if found["agreement"] < LEAST_AGREEMENT:
        raise UnequalError(
            f"{name}: {found['agreement']:.2%} of the pixels have the exact class; at least "
            f"{LEAST_AGREEMENT:.0%} must."
        )
