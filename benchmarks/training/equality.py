"""Whether everybody computes the same: logits of a trained network, before anything is timed."""

from collections.abc import Mapping

from torch import Tensor

TOLERANCE, MOST_FLIPPED = 1e-4, 1e-3  # of a logit; share of logits beyond it, where a spike flipped
LEAST_AGREEMENT = 0.97  # of pixels with the naive loop's class, for numbers of fewer bits
_EXACT = ("fp32", "float32")  # ends of the names of ours that promise the naive loop's numbers


class UnequalError(Exception):
    """A contestant computes something else than the naive loop."""


def check_logits(
    logits: Mapping[str, Tensor], kinds: Mapping[str, str], naive: str
) -> dict[str, dict[str, float]]:
    """Return how far each contestant's logits are from the naive loop's; dense twins are left out.

    Args:
        logits: (B, 2, H, W) of every contestant, of the same images and weights.
        kinds: of the contestants.
        naive: name of the one that all others are compared with.

    Raises:
        UnequalError: logits or classes differ by more than is allowed.
    """
    found = {}
    for name, values in logits.items():
        if kinds[name] != "dense":
            found[name] = compare(values, logits[naive])
            exact = kinds[name] == "stock" or (kinds[name] == "ours" and name.endswith(_EXACT))
            refuse_difference(name, found[name], exact)
    return found


def compare(logits: Tensor, expected: Tensor) -> dict[str, float]:
    """Return the share of logits that differ, the mean difference, the share of equal classes."""
    difference = (logits.float() - expected).abs()
    same = logits.argmax(1) == expected.argmax(1)
    return {
        "flipped": float((difference > TOLERANCE).float().mean()),
        "mean_difference": float(difference.mean()),
        "agreement": float(same.float().mean()),
    }


def refuse_difference(name: str, found: dict[str, float], exact: bool) -> None:
    """Raise `UnequalError` if a contestant is farther from the naive loop than is allowed."""
    if exact and found["flipped"] > MOST_FLIPPED:
        raise UnequalError(
            f"{name}: a share of {found['flipped']:.1e} of the logits differs from the naive "
            f"loop's by more than {TOLERANCE:g}; at most {MOST_FLIPPED:g} may, where a potential "
            "lies on the threshold."
        )
    if found["agreement"] < LEAST_AGREEMENT:
        raise UnequalError(
            f"{name}: {found['agreement']:.2%} of the pixels have the naive loop's class; at least "
            f"{LEAST_AGREEMENT:.0%} must."
        )
