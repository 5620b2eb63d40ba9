"""Findings and claims: which figures lead to which words."""

import dataclasses

import numpy as np
import pytest

from spikeseg.config import ConversionConfig, EvaluationConfig
from spikeseg.diagnosis import Diagnosis, Finding, LayerDiagnosis, Part, Relation, claims, find
from spikeseg.diagnosis.relations import relations

GOOD = LayerDiagnosis(
    name="a", shape=(2, 8, 8), depth=1, stride=1, role="segmentation", neuron="if_soft",
    threshold=1.0, v_initial=0.5, relative_error=0.03, late_error=0.04, curve=(0.5, 0.03),
    parts={n: Part(0.01, 0.25) for n in ("clipping", "rounding", "handed_on", "timing")},
    dead=0.0, silent=0.1, saturated=0.01, first_step=1, first_percent=1, first_half=3,
    spatial_variance=0.05, variation=1.0, under_firing=0.1, mean_ratio=1.0, high_ratio=1.0,
    above_threshold=0.01,
)  # fmt: skip


def diagnosis(*layers: LayerDiagnosis, related: tuple[Relation, ...] = ()) -> Diagnosis:
    return Diagnosis(16, 4, 8, (64, 64), (1, 16), layers, related)


def found(conversion: ConversionConfig, **figures: object) -> list[Finding]:
    """Return the findings of a good layer and one with other figures, called b."""
    other = dataclasses.replace(GOOD, name="b", **figures)
    return list(find(diagnosis(GOOD, other), conversion, EvaluationConfig()))


def led_by(part: str) -> dict[str, object]:
    parts = {name: Part(0.3 if name == part else 0.05, 0.9) for name in GOOD.parts}
    return {"relative_error": 0.32, "parts": parts}


CASES = {
    "clipping": (led_by("clipping"), ["percentile to 99.9 (now 99)", "granularity to 'channel'"]),
    "rounding": (led_by("rounding"), ["'local_threshold'", "num_steps = 16", "finetune"]),
    "timing": (led_by("timing") | {"v_initial": 0.0}, ["'half_threshold'", "'signed'"]),
    "handed_on": (led_by("handed_on"), ["'calibrated'", "Begin with the findings about b"]),
    "saturated": ({"saturated": 0.3}, ["percentile to 99.9", "calibration_images (now 8)"]),
    "dead": ({"dead": 0.2, "v_initial": 0.0}, ["'half_threshold'", "--num_steps 32"]),
    "late": ({"first_percent": 9}, ["evaluation.readout", "0.5"]),
    "coarse": ({"under_firing": 0.7}, ["'local_threshold'"]),
    "shift": ({"high_ratio": 1.5}, ["images like those to be segmented"]),
}


@pytest.mark.parametrize("kind", CASES)
def test_each_rule_names_its_layer_its_figure_and_the_change(kind: str) -> None:
    figures, words = CASES[kind]
    conversion = ConversionConfig()
    if kind == "late":
        figures = figures | {"v_initial": 0.0}
        words = ["'half_threshold'"]
    (finding,) = [f for f in found(conversion, **figures) if f.kind == kind]
    assert finding.layers == ("b",)
    assert "b" in finding.found
    for word in words:
        assert word in finding.change


def test_a_network_without_faults_is_said_to_be_fine_and_nothing_else() -> None:
    (finding,) = found(ConversionConfig())
    assert finding.kind == "fine"
    assert finding.figure == 0.03
    assert "Nothing needs to be changed" in finding.change


def test_what_is_done_already_is_not_advised() -> None:
    done = ConversionConfig(
        recipes=("local_threshold", "half_threshold", "signed", "calibrated"),
        granularity="channel",
        num_steps=16,
    )
    for kind in ("clipping", "rounding", "timing"):
        figures = led_by(kind) | {"neuron": "if_signed"}
        (finding,) = [f for f in found(done, **figures) if f.kind == kind]
        for word in ("recipe", "granularity", "percentile"):
            assert word not in finding.change


def test_the_worst_layer_comes_first() -> None:
    some, most = (
        dataclasses.replace(GOOD, name=name, dead=share) for name, share in (("c", 0.1), ("d", 0.4))
    )
    findings = find(diagnosis(GOOD, some, most), ConversionConfig(), EvaluationConfig())
    (finding,) = [f for f in findings if f.kind == "dead"]
    assert (finding.layers, finding.figure) == (("d", "c"), 0.4)
    assert "40.0% in d, the worst of 2 of 3 layers" in finding.found


@pytest.mark.parametrize("ratio", [0.4, 2.5])
def test_a_shift_is_found_either_way(ratio: float) -> None:
    (finding,) = found(ConversionConfig(), mean_ratio=ratio)
    assert (finding.kind, finding.figure) == ("shift", ratio)
    assert f"mean {ratio:.2f} times" in finding.found


def test_recipes_that_prepared_for_other_steps_are_told() -> None:
    conversion = ConversionConfig(recipes=("local_threshold",), num_steps=4)
    (finding,) = found(conversion)
    assert finding.kind == "unprepared"
    assert "conversion.num_steps to 16" in finding.change


def ranks(values: np.ndarray) -> np.ndarray:
    """Return how many are smaller, one by one."""
    return np.array([(values < v).sum() for v in values], float)


def test_rank_correlations_are_pearson_s_of_the_ranks() -> None:
    rng = np.random.default_rng(5)
    errors, variances = rng.random(9), rng.random(9)
    layers = [
        dataclasses.replace(GOOD, relative_error=e, spatial_variance=v, depth=i)
        for i, (e, v) in enumerate(zip(errors, variances, strict=True))
    ]
    by = {(r.figure, r.against): r.rho for r in relations(layers)}
    expected = np.corrcoef(ranks(errors), ranks(variances))[0, 1]
    assert by["relative_error", "spatial_variance"] == pytest.approx(expected)
    assert by["relative_error", "depth"] == pytest.approx(
        np.corrcoef(ranks(errors), np.arange(9))[0, 1]
    )
    assert ("relative_error", "variation") not in by  # the same in all layers


def test_three_layers_are_too_few_to_rank() -> None:
    layers = [dataclasses.replace(GOOD, relative_error=e, spatial_variance=e) for e in (1, 2, 3)]
    assert relations(layers) == ()
    assert any("too few layers (3)" in c for c in claims(diagnosis(*layers)))


@pytest.mark.parametrize(
    ("rho", "p_value", "words"),
    [
        (0.9, 0.01, "agrees with the claim"),
        (-0.9, 0.01, "the claim does not hold, rather the opposite"),
        (0.2, 0.6, "the claim is not borne out"),
    ],
)
def test_the_claim_is_judged_by_the_rank_correlation(
    rho: float, p_value: float, words: str
) -> None:
    related = (Relation("relative_error", "spatial_variance", rho, p_value),)
    said = claims(diagnosis(GOOD, related=related))
    assert any(words in sentence and f"{rho:+.2f}" in sentence for sentence in said)


def test_segmentation_layers_are_compared_with_classification_like_ones() -> None:
    low = dataclasses.replace(GOOD, role="classification-like", spatial_variance=0.02)
    first = claims(diagnosis(GOOD, low))[0]
    assert "0.02 in classification-like" in first
    assert "0.05 in segmentation" in first
    assert "2.50 times as large" in first
