"""Energy in the report: what the page says, against figures computed by hand."""

import pytest

from report_energy import LOWER, energy_of, energy_values, point, stage, write_energy
from report_run import write_run
from spikeseg.cli import main
from spikeseg.report import write_report
from spikeseg.report.energy_reading import read_energy
from spikeseg.report.on_energy import energy_section
from test_report_page import SECTIONS, Page


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    write_run(folder, chip=True)
    write_energy(folder)
    return Page(write_report(folder).read_text(encoding="utf-8"))


def section_of(folder, beside=(), **changes):
    """Return what the page would print, without the page."""
    return energy_section(energy_of(folder, beside, **changes), "loihi1")


def test_a_run_without_energy_has_no_section_of_it(tmp_path):
    assert read_energy(tmp_path, stage()) is None
    assert energy_section(None, "loihi1") is None


def test_energy_has_a_section_of_its_own_and_a_link_to_it(whole):
    assert whole.sections == [*SECTIONS[:6], "chip", "energy", *SECTIONS[6:]]
    assert "#energy" in whole.links
    assert all(link.startswith(("data:", "#")) for link in whole.links)


def test_the_verdict_names_losses_first_then_what_is_undecided_then_wins(whole):
    expected = (  # 8 mJ against 20 uJ; 1 to 3 uJ against 2 to 6 uJ; 1 uJ against 4 uJ
        "Against the dense INT8 network the chip loses by a factor of 400 under davies2018. It is "
        "undecided against INT8, as the ranges overlap, under toy (0.5 times the energy at the "
        "quoted values). The chip wins against the dense INT8 network by a factor of 4 under quiet."
    )
    assert expected in whole.words


def test_it_is_an_estimate_of_a_tile_and_what_an_image_takes_is_said(whole):
    assert "is an estimate , nothing was measured" in whole.words
    assert "given it: 64 × 64 pixels, 32 steps. An image of 96 × 128 pixels takes 6 such" in (
        whole.words
    )
    assert "Counts are means over 12 of them." in whole.words


def test_outcomes_that_are_others_for_a_whole_image_are_named(whole):
    """6 x 64 x 64 pixels are 2 times those of an image: fp32 and toy move, quiet does not."""
    assert "every factor is 2 times as bad for the spiking network. That changes 1 outcome" in (
        whole.words
    )
    assert "under davies2018, against dense FP32: undecided, not wins" in whole.words
    assert whole.words.count("undecided, not") + whole.words.count("loses, not") == 1


def test_an_image_that_is_one_tile_needs_no_word_on_overlap(tmp_path):
    section = section_of(
        tmp_path, image_size=[64, 64], pixels_per_image=64.0 * 64.0, tiles_per_image=1.0
    )
    assert section["overlap"] == ""
    assert section["subject"].endswith("given it: 64 × 64 pixels, 32 steps.")


def test_each_table_of_costs_has_a_row_with_energy_time_break_even_and_rivals(whole):
    davies, toy, quiet = (
        [" ".join(cell.split()) for cell in whole.rows[f"account-{name}"]]
        for name in ("davies2018", "toy", "quiet")
    )
    assert davies == [
        *("8 mJ 6.5 to 11 mJ", "7.5 ms", "none"),
        *("loses × 400 20 µJ 10 to 30 µJ", "wins × 2 16 mJ 12 to 20 mJ"),
    ]
    assert toy == ["2 µJ 1 to 3 µJ", "not known", "0.0125", "undecided 4 µJ 2 to 6 µJ", "–"]
    assert quiet == ["1 µJ", "not known", "0.0125", "wins × 4 4 µJ", "–"]
    assert 'title="Under davies2018 against int8: the sentence."' in whole.html


def test_what_is_left_out_is_said(whole):
    assert "what toy leaves out." in whole.words
    assert "Counted, but without a cost here: 2,500 packets between chips." in whole.words
    assert "327,184 multiplications on the host, is left out on both sides" in whole.words


def test_the_counts_are_those_of_one_image(whole):
    for words in ("2.50 million synaptic operations", "1,000 spikes, 0.031 per neuron and step",
                  "4,000 packets between cores, 2,500 of them between chips"):  # fmt: skip
        assert words in whole.words


def test_traffic_between_chips_is_said_with_its_share(whole):
    expected = "300 packets go from one chip to another, 30.0 % of all between cores; most from"
    assert f"In each step {expected} chip 1 to chip 0: 200." in whole.words


def test_more_than_two_chips_get_a_matrix(tmp_path, whole):
    values = energy_values(num_chips=3)
    found = section_of(tmp_path, map=values["map"], chips=3)["map"]["between"]
    assert found == ((700, 100, 100), (200, 0, 200), (300, 300, 0))
    assert "between-0" not in whole.rows


def test_chips_that_are_too_many_to_draw_are_told_in_words(tmp_path):
    between = [[float(i != j) for j in range(20)] for i in range(20)]
    found = section_of(tmp_path, map={"between_chips": between}, chips=20)["map"]
    assert found["sentence"].startswith("In each step 380 packets go from one chip to another")
    assert found["picture"] == ""
    assert found["between"] == ()


def test_every_point_of_the_curve_is_in_the_table(whole):
    first = whole.rows["energy-0-8"]
    assert first == ["50 to 200 Hz", "8", "0.9100", "0.8100", "0.5", "625,000", *(
        "2\xa0mJ", "500\xa0nJ", "250\xa0nJ")]  # fmt: skip
    assert whole.rows["energy-0-32"][1:3] == ["32", "0.9500"]
    assert "8 steps instead of 32 take 0.25 times the energy under davies2018" in whole.words
    assert "change the pixel accuracy by −0.0400" in whole.words


def test_one_band_alone_decides_nothing(whole):
    assert "There are not two bands of firing rates here to compare (50 to 200 Hz)" in whole.words


def test_a_run_without_a_curve_has_none_drawn(tmp_path):
    assert section_of(tmp_path, curve=[])["curve"] is None


def sentence(folder, lower):
    write_energy(folder / "lower", band=LOWER, curve=lower)
    return section_of(folder / "run", [folder / "lower"])["bands"]


def test_a_lower_band_that_trades_accuracy_for_energy_is_said_to_do_so(tmp_path):
    words = sentence(tmp_path, [point(16, 0.9, 0.2), point(32, 0.93, 0.5)])
    assert (
        "At 32 steps the lower band, 20 to 80 Hz (lower), does 0.5 times the synaptic operations "
        "of 50 to 200 Hz (run) and takes 0.5 times the energy under davies2018; its pixel accuracy "
        "differs by −0.0200 and its mIoU by −0.0200: as Patel et al. 2021 say, rates trade"
    ) in words


@pytest.mark.parametrize(
    ("accuracy", "scale", "words"),
    [
        (0.96, 0.5, "differs by +0.0100 and its mIoU by +0.0100: it saves energy and costs no"),
        (0.93, 1.5, "takes 1.5 times the energy under davies2018"),
        (0.93, 1.5, "unlike what Patel et al. 2021 say, the lower band does not save"),
    ],
)
def test_a_lower_band_that_does_otherwise_is_said_to_do_so(tmp_path, accuracy, scale, words):
    assert words in sentence(tmp_path, [point(32, accuracy, scale)])


def test_bands_without_common_steps_are_not_compared(tmp_path):
    assert "have no number of steps in common" in sentence(tmp_path, [point(16, 0.9, 0.5)])


def test_the_option_beside_adds_the_other_run(tmp_path):
    write_run(tmp_path / "run", chip=True)
    write_energy(tmp_path / "run", curve=[])
    write_energy(tmp_path / "none", band=LOWER | {"weight": 0.0})
    path, given = tmp_path / "run" / "report.html", ["report", str(tmp_path / "run")]
    assert main(given) == 0
    assert "not counted at several numbers of steps; spikeseg energy" in path.read_text("utf-8")
    write_energy(tmp_path / "run")
    assert main([*given, "--beside", str(tmp_path / "none")]) == 0
    page = Page(path.read_text("utf-8"))
    assert page.rows["energy-1-8"][0] == "no band"
    assert "none (no band)" in page.words
