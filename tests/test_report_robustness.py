"""Robustness in the report: what the page says, against figures computed by hand."""

import json
import re

import pytest

from report_run import write_run
from spikeseg.errors import CorruptFileError, FormatVersionError
from spikeseg.files import sha256
from spikeseg.report import write_report
from spikeseg.report.charts import BOTTOM, LEFT, RIGHT
from spikeseg.report.on_robustness import robustness_section, style
from spikeseg.report.robustness_reading import Scored, read_robustness
from test_report_page import SECTIONS, Page

SOURCE = "sha256 0123abcd"
NETWORKS = (
    # run, index, stage, clean, noise at 0.1 and 0.4, contrast at 0.5
    ("demo", 0, "ann", 0.8, (0.6, 0.2), (0.72,)),
    ("demo", 0, "snn", 0.9, (0.8, 0.7), (0.81,)),
    ("other", 1, "ann", 0.95, (0.9, 0.6), (0.855,)),
    ("other", 1, "snn", 0.4, (0.4, 0.4), (0.4,)),
)


def network(folder, run, index, stage, clean, noise, contrast):
    """Return one network as ``robustness.json`` holds it; its file is made."""
    names = ["network.safetensors", "graph.npz"][: 1 if stage == "ann" else 2]
    for name in names:
        (folder / name).write_bytes(name.encode())
    return {
        "run": run,
        "run_index": index,
        "stage": stage,
        "num_steps": 8 if stage == "snn" else 1,
        "made_from": {name: "elsewhere" if index else sha256(folder / name) for name in names},
        "scores": {
            "clean": {"miou": clean},
            "gaussian_noise": [{"miou": value} for value in noise],
            "contrast": [{"miou": value} for value in contrast],
        },
    }


def write_robustness(folder, networks=NETWORKS, **changes):
    """Write a ``robustness.json`` beside the files of its networks."""
    noise = {"name": "gaussian_noise", "title": "Gaussian noise", "unit": "deviation"}
    contrast = {"name": "contrast", "title": "Low contrast", "unit": "factor"}
    value = {
        "format": 1,
        "data": {"source": SOURCE, "num_images": 3, "num_test": 4},
        "constant": {"class": "cell", "miou": 0.4},
        "corruptions": [noise | {"levels": [0.1, 0.4]}, contrast | {"levels": [0.5]}],
        "notes": ["Not on equal footing: <this>."],
        "networks": [network(folder, *one) for one in networks],
    } | changes
    (folder / "robustness.json").write_text(json.dumps(value), encoding="utf-8")


def section_of(folder, networks=NETWORKS):
    write_robustness(folder, networks)
    return robustness_section(read_robustness(folder, SOURCE))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    write_run(folder)
    write_robustness(folder)
    return Page(write_report(folder).read_text(encoding="utf-8"))


def test_robustness_has_a_section_of_its_own_and_a_link_to_it(whole):
    assert whole.sections == [*SECTIONS[:6], "robustness", *SECTIONS[6:]]
    assert "#robustness" in whole.links
    assert all(link.startswith(("data:", "#")) for link in whole.links)


def test_images_notes_and_the_baseline_are_told(whole):
    assert "the same 3 of 4 test images" in whole.words
    assert "Not on equal footing: <this>." in whole.words
    assert "cell everywhere" in whole.words


def test_changes_are_relative_to_clean_images_on_average_and_at_the_worst_level(whole):
    heads = ["demo: ANN", "demo: spiking (float), 8 steps", "other: ANN"]
    assert all(head in whole.words for head in heads)
    assert whole.rows["robust-clean"] == ["0.8000", "0.9000", "0.9500", "0.4000"]
    # (0.6 + 0.2) / 2 / 0.8 - 1; (0.8 + 0.7) / 2 / 0.9 - 1; (0.9 + 0.6) / 2 / 0.95 - 1
    cells = [cell.replace("\xa0", " ") for cell in whole.rows["robust-gaussian_noise-mean"]]
    assert cells == ["−50.0 %", "−16.7 %", "−21.1 %", "0.0 %"]
    cells = [cell.replace("\xa0", " ") for cell in whole.rows["robust-gaussian_noise-worst"]]
    assert cells == ["−75.0 %", "−22.2 %", "−36.8 %", "0.0 %"]
    assert whole.rows["robust-contrast-0"] == ["0.7200", "0.8100", "0.8550", "0.4000"]


def test_the_sentences_follow_from_the_figures(whole):
    words = whole.words.replace("\xa0", " ")
    assert (
        "Gaussian noise: demo: spiking (float), 8 steps keeps most of its mIoU (−16.7 % on average "
        "over the levels), demo: ANN least (−50.0 %)." in words
    )
    assert "Low contrast: all change alike, by −10.0 % of their mIoU" in words
    assert (
        "other: spiking (float), 8 steps: hardly better on clean images than cell everywhere"
        in words
    )


def test_one_that_loses_least_and_is_worse_all_the_same_is_told_so(tmp_path):
    networks = (
        ("demo", 0, "ann", 0.95, (0.8, 0.7), (0.9,)),
        ("demo", 0, "snn", 0.7, (0.68, 0.66), (0.6,)),
    )
    (title, text), *_ = section_of(tmp_path, networks)["sentences"]
    assert title == "Gaussian noise"
    assert text.startswith("spiking (float), 8 steps keeps most of its mIoU")
    assert text.endswith("; ANN still has the higher mIoU, 0.750 against 0.670.")


def test_one_network_alone_is_compared_with_nobody(tmp_path):
    section = section_of(tmp_path, NETWORKS[1:2])
    ((label, text),) = section["sentences"]
    assert label == "spiking (float), 8 steps"
    assert text.replace("\xa0", " ") == (
        "Gaussian noise changes its mIoU most, by −16.7 % on average over the levels; Low contrast "
        "least, by −10.0 %."
    )


def test_charts_go_from_clean_to_severe_on_one_axis_of_miou(tmp_path):
    noise, contrast = section_of(tmp_path)["charts"]
    assert [tick.label for tick in noise.x_ticks] == ["clean", "0.1", "0.4"]
    assert [tick.at for tick in noise.x_ticks] == [LEFT, (LEFT + RIGHT) / 2, RIGHT]
    assert noise.y == contrast.y
    assert noise.y.at(0) == BOTTOM
    first = noise.lines[0]
    assert [dot.y for dot in first.dots] == [noise.y.at(v) for v in (0.8, 0.6, 0.2)]
    assert noise.levels[0].y == noise.y.at(0.4)


def test_every_network_has_a_line_of_its_own_look(tmp_path, whole):
    section = section_of(tmp_path)
    styles = [look for _, look in section["legend"]]
    assert styles == ["ann dashed", "snn", "line-1 dashed", "line-1"]
    drawn = re.findall(r'<path class="line ([\w -]+)"', whole.html.split('id="robustness"')[1])
    assert drawn[: 2 * len(styles)] == styles * 2
    many = [(f"r{i}", i, s, 0.8, (0.6, 0.2), (0.7,)) for i in range(7) for s in ("ann", "snn")]
    looks = [look for _, look in section_of(tmp_path, many)["legend"]]
    assert len(set(looks)) == len(looks)


@pytest.mark.parametrize("name", ["network.safetensors", "graph.npz"])
@pytest.mark.parametrize("gone", [False, True])
def test_figures_of_networks_that_the_run_no_longer_has_are_not_shown(tmp_path, name, gone):
    write_run(tmp_path)
    write_robustness(tmp_path)
    (tmp_path / name).write_bytes(b"another")
    if gone:
        (tmp_path / name).unlink()
    page = Page(write_report(tmp_path).read_text(encoding="utf-8"))
    assert page.sections == SECTIONS


def test_figures_of_other_test_images_are_not_shown(tmp_path):
    write_robustness(tmp_path)
    assert read_robustness(tmp_path, "other images") is None


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"format": 2}, FormatVersionError, "format 2"),
        ({"notes": None}, CorruptFileError, "notes is None"),
        ({"corruptions": [{"levels": []}]}, CorruptFileError, "there is no level"),
        (
            {"corruptions": [{"name": "contrast", "title": "", "unit": "", "levels": [0.5, 0.4]}]},
            CorruptFileError,
            "1 scores of contrast for 2 levels",
        ),
    ],
)
def test_a_damaged_file_is_refused(tmp_path, change, error, said):
    write_robustness(tmp_path, **change)
    with pytest.raises(error, match=said):
        read_robustness(tmp_path, SOURCE)


def test_an_unknown_stage_is_refused(tmp_path):
    write_robustness(tmp_path)
    path = tmp_path / "robustness.json"
    value = json.loads(path.read_text())
    value["networks"][2]["stage"] = "chip"
    path.write_text(json.dumps(value))
    with pytest.raises(CorruptFileError, match="'chip'; it must be one of ann, snn"):
        read_robustness(tmp_path, SOURCE)


def test_a_trained_spiking_network_has_a_color_of_its_own_and_dots_among_other_runs():
    own, other = (Scored("", index, "direct", 0.9, {}) for index in (0, 2))
    assert (style(own), style(other)) == ("direct dotted", "in-band dotted")
