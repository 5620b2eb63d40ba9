"""What of ``energy.json`` is refused, and with which words."""

import json

import pytest

from report_energy import LOWER, energy_values, point, stage, write_energy
from spikeseg.errors import CorruptFileError, FormatVersionError, RunFolderError
from spikeseg.report.energy_reading import read_energy


@pytest.fixture
def run(tmp_path):
    write_energy(tmp_path / "run")
    return tmp_path / "run"


def test_figures_are_read_as_they_are_written(run):
    energy = read_energy(run, stage())
    assert [a.name for a in energy.accounts] == ["davies2018", "toy", "quiet"]
    assert energy.accounts[0].parts["static"].high == 3e-3
    assert energy.overlap == 2.0
    assert energy.totals["synaptic_operations"] == 2.5e6
    assert energy.chip_map.crossing == 300.0
    assert [p.num_steps for p in energy.curve.points] == [8, 32]


def test_steps_in_any_order_are_sorted_and_counted_once(run):
    write_energy(run, curve=[point(32, 0.9, 1), point(8, 0.8, 0.2), point(32, 0.9, 1)])
    assert [p.num_steps for p in read_energy(run, stage()).curve.points] == [8, 32]


def test_energy_of_another_program_is_refused(run):
    write_energy(run, made_from="another")
    with pytest.raises(RunFolderError, match=r"energy.json is of another program.*spikeseg energy"):
        read_energy(run, stage())


def test_energy_without_scores_of_the_chip_is_refused(tmp_path):
    write_energy(tmp_path)
    with pytest.raises(RunFolderError, match=r"scores are not in .*`spikeseg emulate"):
        read_energy(tmp_path, None)


def test_another_format_is_refused(run):
    write_energy(run, format=2)
    with pytest.raises(FormatVersionError, match="format 2"):
        read_energy(run, stage())


def test_a_file_that_is_cut_short_is_refused(run):
    text = (run / "energy.json").read_text()
    (run / "energy.json").write_text(text[: len(text) // 2])
    with pytest.raises(CorruptFileError, match=r"energy\.json"):
        read_energy(run, stage())


@pytest.mark.parametrize("key", sorted(set(energy_values()) - {"format", "version"}))
def test_every_key_is_required(run, key):
    values = json.loads((run / "energy.json").read_text())
    del values[key]
    (run / "energy.json").write_text(json.dumps(values))
    with pytest.raises(CorruptFileError, match=f"{key} is missing"):
        read_energy(run, stage())


DAMAGES = [
    (("accounts", 0, "estimate", "total", "value"), 9e-3, "must be the sum of the parts"),
    (("accounts", 0, "estimate", "parts", "static", "low"), 9e-3, "bounds must ascend"),
    (("accounts", 0, "verdicts", 0, "outcome"), "draws", "must be wins, loses, undecided"),
    (("accounts", 0, "verdicts", 0, "factor"), -1.0, "by more than 0"),
    (("accounts", 0, "verdicts", 0, "rival"), "fp16", "must be one for each"),
    (("tables", "toy"), None, "tables.toy is None"),
    (("ledger", "num_images"), 0, "0 images are counted"),
    (("size",), [64], "must be height and width"),
    (("band", "min_hz"), 200.0, "ascending rates"),
    (("curve", 0, "totals"), {}, "must be under davies2018, toy, quiet"),
    (("map", "between_chips"), [[1.0], [2.0]], "a square of packets"),
    (("map", "between_chips", 0), [1.0, -2.0], "packets from each chip to each"),
    (("map", "cores", 0), ["encoder", 2, 0], "rows of layer, chip and position"),
    (("map", "cores", 0), ["encoder", 0, 128], "rows of layer, chip and position"),
    (("map", "pairs", 0), [0, 2, 5.0], "two cores on different chips"),
    (("map", "pairs", 0), [0, 9, 5.0], "two cores on different chips"),
]


@pytest.mark.parametrize(("place", "value", "words"), DAMAGES)
def test_damaged_figures_are_refused(run, place, value, words):
    values = json.loads((run / "energy.json").read_text())
    target = values
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = value
    (run / "energy.json").write_text(json.dumps(values))
    with pytest.raises(CorruptFileError, match=words):
        read_energy(run, stage())


def test_a_run_beside_without_energy_is_named_with_its_verb(run, tmp_path):
    with pytest.raises(RunFolderError, match=r"other has no energy.json.*`spikeseg energy"):
        read_energy(run, stage(), [tmp_path / "other"])


def test_without_its_own_energy_a_run_cannot_be_compared(run, tmp_path):
    write_energy(tmp_path / "other", band=LOWER)
    (run / "energy.json").unlink()
    with pytest.raises(RunFolderError, match=r"run has no energy.json to compare"):
        read_energy(run, stage(), [tmp_path / "other"])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"size": [32, 32]}, "counts parts of 32 x 32 pixels"),
        ({"images": ["section 24"]}, "section 24"),
        ({"curve": []}, "no energy at several numbers of steps"),
    ],
)
def test_a_run_beside_that_counts_something_else_is_refused(run, tmp_path, changes, words):
    write_energy(tmp_path / "other", **changes)
    with pytest.raises(RunFolderError, match=words):
        read_energy(run, stage(), [tmp_path / "other"])


def test_a_run_beside_may_have_counted_more_images(run, tmp_path):
    write_energy(tmp_path / "other", images=["cells 16", "cells 17", "cells 18"])
    assert [c.run for c in read_energy(run, stage(), [tmp_path / "other"]).beside] == ["other"]


def test_a_run_beside_must_share_a_table(run, tmp_path):
    values = energy_values()
    for account in values["accounts"]:
        account["table"] += "_b"
    values["tables"] = {f"{name}_b": table for name, table in values["tables"].items()}
    for one in values["curve"]:
        one["totals"] = {f"{name}_b": total for name, total in one["totals"].items()}
    write_energy(tmp_path / "other", **values)
    with pytest.raises(RunFolderError, match="has none of the tables davies2018, toy, quiet"):
        read_energy(run, stage(), [tmp_path / "other"])
