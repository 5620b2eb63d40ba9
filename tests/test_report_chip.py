"""The chip in the report: columns, masks, cores; and what of its files does not belong together."""

import json
import re

import numpy as np
import pytest

from report_run import write_run
from spikeseg.errors import CorruptFileError, RunFolderError
from spikeseg.report import write_report
from spikeseg.report.reading import read_run
from test_report_page import SECTIONS, page_of


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return page_of(tmp_path_factory.mktemp("run"), chip=True)


def change(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_run_without_a_chip_does_not_speak_of_one(tmp_path):
    page, _ = page_of(tmp_path)
    assert page.sections == SECTIONS
    assert "chip" not in page.words.lower().replace("chip: null", "")  # of the settings


def test_the_chip_has_a_section_of_its_own_and_a_link_to_it(whole):
    page, _ = whole
    assert page.sections == [*SECTIONS[:6], "chip", *SECTIONS[6:]]
    assert "#chip" in page.links
    assert all(link.startswith(("data:", "#")) for link in page.links)


def test_the_chip_gets_its_own_columns(whole):
    page, made = whole
    stages = made["metrics.json"]["stages"]
    for name in ("pixel_accuracy", "miou", "dice", "v_rand", "v_info"):
        ann, chip = (stages[key][name] for key in ("ann", "chip"))
        assert page.number(name, 3) == pytest.approx(chip, abs=5.1e-5)
        assert page.number(name, 4) == pytest.approx(chip - ann, abs=5.1e-5)
    assert page.rows["num_steps"][3] == "32"
    assert "chip (8-bit)" in page.words


def test_the_verdict_names_the_chip_s_loss_steps_and_cores(whole):
    page, _ = whole
    expected = "its mIoU is 0.887, 0.017 below the ANN's, at 32 time steps on 150 cores."
    assert expected in page.words


@pytest.mark.parametrize(
    ("miou", "words"), [(0.9143, "0.914, 0.010 above the ANN's"), (0.9041, "0.904, equal to the")]
)
def test_a_chip_that_is_no_worse_is_said_to_be_so(tmp_path, miou, words):
    write_run(tmp_path, chip=True)
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    metrics["stages"]["chip"]["miou"] = miou
    (tmp_path / "metrics.json").write_text(json.dumps(metrics))
    assert words in write_report(tmp_path).read_text("utf-8").replace("&#39;", "'")


def test_the_section_says_how_many_cores_and_why(whole):
    page, _ = whole
    for words in (
        "150,000 neurons take 150 cores, 3 cores more than their number alone would need, on "
        "2 chips of 128 cores. The fullest core uses 97.7 % of its neurons (decoder1.0).",
        "images of 256 × 248 pixels",
        "Intel Loihi (2018), 14 nm",
        "emulated , no chip was used",
        "rules without two defects of nengo-loihi",
        "51,234",
    ):
        assert words in page.words


def test_the_table_of_cores_is_that_of_the_file(whole):
    page, made = whole
    for layer in made["cores.json"]["layers"]:
        cells = page.rows[f"cores-{layer['name']}"]
        assert cells[0] == str(layer["cores"])
        assert cells[1] == " × ".join(map(str, layer["tile"]))
        for cell, name in zip(cells[2:5], ("compartments", "in_axons", "out_axons"), strict=True):
            most, mean = re.findall(r"([\d.]+) %", cell)
            assert float(most) == pytest.approx(100 * layer["largest"][name], abs=0.051)
            assert float(mean) == pytest.approx(100 * layer["mean"][name], abs=0.051)
    assert page.rows["cores-encoder1.0"][0] == "host"
    assert page.rows["cores-encoder1.0"][-1] == "120 Hz"
    assert page.rows["cores-output"][-1] == "–"


def test_every_core_is_read_in_the_order_of_the_program(tmp_path):
    write_run(tmp_path, chip=True)
    chip = read_run(tmp_path).chip
    assert [use.layer for use in chip.uses] == ["decoder1.0"] * 148 + ["output"] * 2
    assert [use.in_axons for use in chip.uses[:9]] == [300, 301, 302, 303, 304, 305, 306, 300, 301]
    assert chip.uses[37].box.start == (0, 50, 0)  # channels go round first


def test_the_chip_s_masks_and_errors_are_views(tmp_path):
    page, _ = page_of(tmp_path, chip=True)
    views = page.views[:9]
    assert views[3:8] == ["snn", "chip", "errors-ann", "errors-snn", "errors-chip"]
    assert page.views == views * 3
    assert "100 % of the pixels right" in page.words  # the masks of the chip are the truth here


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"overflows": {"accumulator": 7, "current": 0}}, "the accumulator overflowed 7 times"),
        ({"output_spikes": 1200}, "the output fired 1,200 times"),
    ],
)
def test_what_makes_the_figures_doubtful_is_said(tmp_path, changes, words):
    write_run(tmp_path, chip=True)
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    metrics["stages"]["chip"] |= changes
    (tmp_path / "metrics.json").write_text(json.dumps(metrics))
    assert f"On the test images {words}" in write_report(tmp_path).read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "verb"),
    [("cores.json", "compile"), ("chip_layers.json", "emulate"), ("chip_examples.npz", "emulate")],
)
def test_a_missing_file_of_the_chip_is_named_with_its_verb(tmp_path, name, verb):
    write_run(tmp_path, chip=True)
    (tmp_path / name).unlink()
    with pytest.raises(RunFolderError, match=f"lacks {name}; `spikeseg {verb} "):
        write_report(tmp_path)


@pytest.mark.parametrize("name", ["cores.json", "chip_layers.json"])
def test_files_of_another_program_are_refused(tmp_path, name):
    write_run(tmp_path, chip=True)
    change(tmp_path / name, made_from="another")
    with pytest.raises(RunFolderError, match=f"{name} is of another program.*spikeseg emulate"):
        write_report(tmp_path)


def test_masks_of_other_images_are_refused(tmp_path):
    write_run(tmp_path, chip=True)
    with np.load(tmp_path / "chip_examples.npz") as stored:
        arrays = dict(stored)
    np.savez(tmp_path / "chip_examples.npz", **(arrays | {"chip": arrays["chip"][:1]}))
    with pytest.raises(RunFolderError, match=r"chip_examples.npz holds masks \(1, 48, 48\)"):
        write_report(tmp_path)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("tile", [1, 50], "tile is .1, 50.; it must be channels, rows and columns"),
        ("tile", [0, 50, 20], "tile is .0, 50, 20."),
        ("tile", [1, 25, 20], "rows is not of the 296 cores"),
        ("rows", {"compartments": "1000*many"}, "compartments is '1000.many'; it must be numbers"),
    ],
)
def test_damaged_cores_are_said_to_be_so(tmp_path, key, value, words):
    write_run(tmp_path, chip=True)
    cores = json.loads((tmp_path / "cores.json").read_text())
    cores["layers"][0][key] = value
    (tmp_path / "cores.json").write_text(json.dumps(cores))
    with pytest.raises(CorruptFileError, match=words):
        write_report(tmp_path)
