"""Choosing among trials by brute force and by hand; the search on an accuracy made by a formula."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeseg.config import ConversionConfig
from spikeseg.errors import ConfigError
from spikeseg.tuning import Trial, choose, first_settings, neighbors, pareto_front, search

PLAIN = ConversionConfig()
TRIALS = st.lists(
    st.builds(
        Trial,
        conversion=st.just(PLAIN),
        num_steps=st.integers(1, 4),
        readout=st.just(1.0),
        miou=st.integers(0, 8).map(lambda n: n / 8),
        operations=st.integers(0, 8).map(float),
    ),
    min_size=1,
    max_size=12,
)


def trial(num_steps, miou, operations, recipes=("percentile",)):
    return Trial(replace(PLAIN, recipes=recipes), num_steps, 1.0, miou, float(operations))


TABLE = [
    trial(1, 0.50, 100),
    trial(2, 0.70, 200),
    trial(4, 0.69, 300),
    trial(4, 0.80, 250, ("maximum",)),
    trial(8, 0.80, 250, ("maximum",)),
    trial(8, 0.79, 900),
]


def test_the_front_of_a_table_is_the_one_seen_by_eye():
    assert pareto_front(TABLE) == [TABLE[0], TABLE[1], TABLE[3]]


@given(TRIALS)
def test_every_trial_is_on_the_front_or_beaten_by_one_that_is(trials):
    front = pareto_front(trials)
    points = {(t.operations, t.miou) for t in trials}
    best = {
        (o, m) for o, m in points
        if not any(p <= o and q >= m and (p, q) != (o, m) for p, q in points)
    }  # fmt: skip
    assert [(t.operations, t.miou) for t in front] == sorted(best)


@given(TRIALS, st.integers(0, 8).map(lambda n: n / 8))
def test_the_choice_has_the_fewest_operations_of_those_that_reach_the_aim(trials, target):
    reaching = [t.operations for t in trials if t.miou >= target]
    if reaching:
        chosen = choose(trials, target)
        assert chosen.miou >= target
        assert chosen.operations == min(reaching)
    else:
        with pytest.raises(ConfigError, match="no setting reaches mIoU"):
            choose(trials, target)


def test_when_none_reaches_the_aim_the_best_one_is_told():
    message = (
        r"reaches mIoU 0\.9000 .*best of 2 .*reaches 0\.8000 \(maximum, 4 steps\).*--miou_drop"
    )
    with pytest.raises(ConfigError, match=message):
        choose(TABLE, 0.9)


def test_the_runs_own_conversion_is_tried_first_and_none_twice():
    own = ConversionConfig(recipes=("trained",), granularity="channel")
    settings = first_settings(own)
    assert settings[0] == own
    assert len(set(settings)) == len(settings) > 10


def test_a_value_that_no_recipe_looks_at_makes_no_new_setting():
    changed = replace(PLAIN, num_steps=3)  # of local_threshold and calibrated, which are not there
    assert set(first_settings(changed)) == set(first_settings(PLAIN))


def test_neighbors_differ_in_one_thing():
    middle = ConversionConfig(recipes=("percentile", "half_threshold"), percentile=99.5)
    found = neighbors(middle, num_steps=4)
    assert middle not in found
    assert {s.percentile for s in found if s.recipes == middle.recipes} == {99.0, 99.5, 99.9}
    assert ("percentile",) in {s.recipes for s in found}
    calibrated = [s for s in found if "calibrated" in s.recipes]
    assert [(s.recipes[-1], s.num_steps) for s in calibrated] == [("calibrated", 4)]
    assert [s.granularity for s in found].count("channel") == 1


def formula(setting):
    """Best with local thresholds for 3 steps, calibrated, for each channel."""
    good = [
        setting.recipes[0] == "local_threshold",
        "calibrated" in setting.recipes,
        setting.granularity == "channel",
        setting.num_steps == 3,
    ]
    return [Trial(setting, n, 1.0, 0.5 + 0.1 * sum(good), 100.0 * n - sum(good)) for n in (3, 6)]


def test_the_search_reaches_what_the_first_settings_do_not_hold():
    found = search(formula, first_settings(PLAIN), target=0.9, most=60)
    best = choose(found, 0.9)
    assert best.conversion not in first_settings(PLAIN)
    assert (best.conversion.recipes[0], best.conversion.num_steps) == ("local_threshold", 3)
    assert (best.conversion.granularity, best.num_steps) == ("channel", 3)
    assert search(formula, first_settings(PLAIN), target=0.9, most=60) == found


@pytest.mark.parametrize("most", [1, 5, 20])
def test_the_budget_bounds_how_many_conversions_are_tried(most):
    tried = []
    told = []
    search(
        lambda s: tried.append(s) or formula(s),
        first_settings(PLAIN),
        target=0.9,
        most=most,
        progress=lambda task, done, total: told.append((done, total)),
    )
    assert len(tried) == len(set(tried)) == most
    assert told[-1] == (most, most)
