"""The trained spiking network in the report: scores, curve, masks; and what is not of this run."""

import json

import numpy as np
import pytest

from report_run import write_run
from spikeseg.errors import CorruptFileError, RunFolderError
from spikeseg.report import write_report
from spikeseg.report.page import curve_charts
from spikeseg.report.reading import read_run
from test_report_page import SECTIONS, page_of


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return page_of(tmp_path_factory.mktemp("run"), direct=True)


def change(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_it_has_a_section_a_link_and_columns_of_its_own(whole):
    page, made = whole
    assert page.sections == [*SECTIONS[:6], "direct", *SECTIONS[6:]]
    assert "#direct" in page.links
    ann, direct = (made["metrics.json"]["stages"][key]["miou"] for key in ("ann", "direct"))
    assert page.number("miou", 3) == pytest.approx(direct, abs=5.1e-5)
    assert page.number("miou", 4) == pytest.approx(direct - ann, abs=5.1e-5)


def test_a_run_without_one_does_not_speak_of_it(tmp_path):
    page, _ = page_of(tmp_path)
    assert "rained spiking" not in page.words


def test_the_verdict_compares_with_the_conversion_after_equally_many_steps(whole):
    page, made = whole
    curves = made["metrics.json"]
    converted = next(p["miou"] for p in curves["curve"] if p["num_steps"] == 4)
    assert curves["direct_curve"][-1]["num_steps"] == 4
    gap = curves["direct_curve"][-1]["miou"] - converted
    expected = (
        "reaches mIoU 0.892 at 4 time steps with 0.21 spikes per neuron and image: 0.012 below "
        f"the ANN, and {gap:.3f} above the converted network after as many steps ({converted:.3f})."
    )
    assert expected in page.words


def test_fewer_steps_of_the_conversion_are_compared_with_as_many_of_the_curve(tmp_path):
    made = write_run(tmp_path, direct=True)["metrics.json"]
    change(tmp_path / "metrics.json", curve=made["curve"][:2])
    text = write_report(tmp_path).read_text("utf-8")
    own, other = (made[key][1]["miou"] for key in ("direct_curve", "curve"))
    words = f"; after 2 steps, {own - other:.3f} above the converted network ({own:.3f} against"
    assert words in text


def test_its_operations_stand_beside_the_others(whole):
    page, _ = whole
    words = "does 600 million ACs, 0.286 times the ANN's and 0.438 times those of the converted"
    assert words in page.words


def test_its_line_ends_at_its_own_steps(tmp_path):
    write_run(tmp_path, direct=True)
    chart, _ = curve_charts(read_run(tmp_path))
    spiking, direct = chart.lines
    assert (len(spiking.dots), len(direct.dots)) == (32, 4)
    assert [dot.x for dot in direct.dots] == [dot.x for dot in spiking.dots[:4]]


def test_its_masks_and_errors_are_views_beside_those_of_a_chip(tmp_path):
    page, _ = page_of(tmp_path, direct=True, chip=True)
    views = page.views[:11]
    assert views[3:6] == ["snn", "direct", "chip"]
    assert views[6:10] == ["errors-ann", "errors-snn", "errors-direct", "errors-chip"]
    assert page.views == views * 3
    assert "100 % of the pixels right" in page.words  # its masks are the truth here


def test_how_it_was_trained_is_told(whole):
    page, _ = whole
    told = {key: page.rows[f"direct-{key}"][0] for key in ("neuron", "reset", "surrogate", "decay")}
    assert told == {
        "neuron": "leaky integrate-and-fire, trained leak",
        "reset": "to zero",
        "surrogate": "fast sigmoid",
        "decay": "0.5, trained from there",
    }
    assert "Its training took 1 min 36 s." in page.words


@pytest.mark.parametrize("name", ["config.json", "history.csv", "metrics.json", "evaluation.npz"])
def test_a_missing_file_is_named(tmp_path, name):
    write_run(tmp_path, direct=True)
    (tmp_path / "direct" / name).unlink()
    with pytest.raises(RunFolderError, match=f"direct lacks {name}"):
        write_report(tmp_path)


def test_scores_of_another_network_are_refused(tmp_path):
    write_run(tmp_path, direct=True)
    change(tmp_path / "direct" / "metrics.json", made_from="another")
    with pytest.raises(RunFolderError, match="of another network than the scores of stage"):
        write_report(tmp_path)


@pytest.mark.parametrize("changes", [{"snn": slice(1)}, {"masks": None}])
def test_masks_of_other_images_are_refused(tmp_path, changes):
    write_run(tmp_path, direct=True)
    path = tmp_path / "direct" / "evaluation.npz"
    with np.load(path) as stored:
        arrays = dict(stored)
    for name, part in changes.items():
        arrays[name] = arrays[name][part] if part else arrays[name] * 0
    np.savez(path, **arrays)
    with pytest.raises(RunFolderError, match=r"evaluation.npz is of cells 16, .*spikeseg evaluate"):
        write_report(tmp_path)


def test_scores_without_a_curve_are_damaged(tmp_path):
    write_run(tmp_path, direct=True)
    change(tmp_path / "metrics.json", direct_curve=[])
    with pytest.raises(CorruptFileError, match="has the stage 'direct' and no direct_curve"):
        write_report(tmp_path)


def test_a_run_without_an_analog_network_says_what_to_do(tmp_path):
    write_run(tmp_path, direct=True)
    (tmp_path / "config.json").write_text((tmp_path / "direct" / "config.json").read_text())
    with pytest.raises(RunFolderError, match=r"was trained through its spikes.*as direct"):
        write_report(tmp_path)
