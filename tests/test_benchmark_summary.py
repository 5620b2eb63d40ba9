"""The summary of the conversion benchmark, on made-up tables."""

import pytest

from benchmarks.conversion.picture import draw
from benchmarks.conversion.summarize import summarize
from benchmarks.conversion.tally import STEPS


def rows(mious, operations_per_step):
    return {
        str(t): {"miou": m, "synops_per_image": t * operations_per_step, "readout_start": 0}
        for t, m in zip(STEPS, mious, strict=True)
    }


OWN = {
    "network": "a",
    "own": {
        "dear": rows([0.5, 0.6, 0.8, 0.9, 0.9, 0.9], 10),
        "cheap": rows([0.6, 0.7, 0.7, 0.7, 0.7, 0.7], 1),
    },
}
RIVALS = {
    "network": "a",
    "ann_miou": 0.9,
    "rivals": {
        "local threshold balancing, 8": rows([0.1, 0.4, 0.7, 0.8, 0.85, 0.9], 10),
        "local threshold balancing, 9": rows([0.2, 0.3, 0.6, 0.8, 0.85, 0.9], 9),
        "rate coding": rows([0.3, 0.5, 0.75, 0.8, 0.85, 0.95], 8),
    },
}


def test_the_best_recipe_is_named_for_every_number_of_steps():
    found = summarize(OWN, RIVALS)["best"]
    assert list(found) == [str(t) for t in STEPS]
    assert found["1"]["spikeseg"]["recipe"] == "spikeseg: cheap"
    assert found["4"]["spikeseg"]["miou"] == 0.8
    assert found["4"]["SpikingJelly"]["recipe"] == "SpikingJelly: rate coding"
    assert found["32"]["SpikingJelly"]["miou"] == 0.95


def test_the_work_is_the_least_at_the_accuracy_of_the_best_balancing_at_four_steps():
    name = "at_the_accuracy_of_local_threshold_balancing_at_4_steps"
    found = summarize(OWN, RIVALS)[name]
    assert found["SpikingJelly"]["synops_per_image"] == 40
    assert (found["spikeseg"]["recipe"], found["spikeseg"]["num_steps"]) == ("spikeseg: cheap", 2)
    assert found["share_of_the_operations"] == pytest.approx(2 / 40)


def test_every_recipe_of_both_sides_is_kept():
    assert len(summarize(OWN, RIVALS)["recipes"]) == 5


def test_the_picture_is_drawn(tmp_path):
    draw({"cells": summarize(OWN, RIVALS)}, tmp_path / "conversion.png")
    assert (tmp_path / "conversion.png").read_bytes().startswith(b"\x89PNG")
