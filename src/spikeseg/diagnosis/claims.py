"""Whether converting this network suffers from spatial variance, in sentences."""

from spikeseg.diagnosis.places import CLASSIFYING, SEGMENTATION
from spikeseg.diagnosis.results import Diagnosis, Relation

CLEAR_P = 0.05
"""A relation is called clear below this chance among unrelated layers. The layers of one network
are not independent, so it says no more than that the ranks are far from shuffled."""
NAMES = {
    "relative_error": "relative error",
    "own_error": "a layer's own error (without what is handed on)",
    "spatial_variance": "spatial variance",
    "variation": "the coefficient of variation over positions",
    "under_firing": "the share of neurons below one spike's worth",
    "depth": "depth",
}


def claims(diagnosis: Diagnosis) -> tuple[str, ...]:
    """Return what the layers say on the claim of Kim et al. 2022 (arXiv:2110.07742).

    They hold spatial variance of features responsible for converted segmentation networks needing
    many steps. Here: is it larger in segmentation layers, does error go with it, and does error
    go more clearly with something else?
    """
    sentences = [_by_role(diagnosis)]
    tested = [r for r in diagnosis.relations if r.against == "spatial_variance"]
    sentences += [_tested(relation, len(diagnosis.layers)) for relation in tested]
    if not tested:
        sentences.append(
            f"There are too few layers ({len(diagnosis.layers)}), or they are too much alike, to "
            "rank error against spatial variance."
        )
    others = [r for r in diagnosis.relations if r.against != "spatial_variance"]
    clear = sorted((r for r in others if r.p_value < CLEAR_P), key=lambda r: -abs(r.rho))
    sentences += [f"{_subject(r)} {_verb(r)} ({_figures(r)})." for r in clear]
    return tuple(sentences)


def _by_role(diagnosis: Diagnosis) -> str:
    means = []
    for role in (CLASSIFYING, SEGMENTATION):
        values = [layer.spatial_variance for layer in diagnosis.layers if layer.role == role]
        if not values:
            return f"This network has no {role} layer to compare spatial variance with."
        means.append(sum(values) / len(values))
    low, full = means
    ratio = f", {full / low:.2f} times as large" if low else ""
    return (
        f"Spatial variance is {low:.3g} in {CLASSIFYING} layers (lowest resolution) and {full:.3g} "
        f"in {SEGMENTATION} layers (full resolution){ratio}, on average."
    )


def _tested(relation: Relation, count: int) -> str:
    figures = f"{_figures(relation)}, {count} layers"
    if relation.p_value >= CLEAR_P:
        return (
            f"{_subject(relation)} has no clear relation to spatial variance ({figures}): on this "
            "network the claim is not borne out."
        )
    if relation.rho < 0:
        return (
            f"{_subject(relation)} falls where spatial variance rises ({figures}): on this network "
            "the claim does not hold, rather the opposite."
        )
    return (
        f"{_subject(relation)} rises with spatial variance ({figures}): this network agrees with "
        "the claim, which is not yet a cause."
    )


def _subject(relation: Relation) -> str:
    name = NAMES[relation.figure]
    return f"{name[0].upper()}{name[1:]}"


def _verb(relation: Relation) -> str:
    return f"{'rises' if relation.rho > 0 else 'falls'} with {NAMES[relation.against]}"


def _figures(relation: Relation) -> str:
    p = f"p = {relation.p_value:.2g}" if relation.p_value >= 0.001 else "p < 0.001"
    return f"rank correlation {relation.rho:+.2f}, {p}"
