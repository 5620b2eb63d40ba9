"""The reader of run folders: whatever is missing or damaged is named."""

import json

import numpy as np
import pytest

from report_run import write_run
from spikeseg.errors import CorruptFileError, FormatVersionError, RunFolderError
from spikeseg.report import write_report
from spikeseg.report.reading import read_run


def change_json(path, change):
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def change_arrays(path, **arrays):
    with np.load(path) as file:
        whole = dict(file)
    np.savez(path, **(whole | arrays))


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("config.json", "spikeseg train"),
        ("history.csv", "spikeseg train"),
        ("metrics.json", "spikeseg evaluate"),
        ("layers.json", "spikeseg evaluate"),
        ("evaluation.npz", "spikeseg evaluate"),
    ],
)
def test_a_missing_file_is_named_with_the_command_that_makes_it(tmp_path, name, command):
    write_run(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(RunFolderError, match=f"{name} .*{command}"):
        write_report(tmp_path)
    assert not (tmp_path / "report.html").exists()


def test_a_folder_that_does_not_exist_is_a_run_folder_error(tmp_path):
    with pytest.raises(RunFolderError, match="nowhere"):
        write_report(tmp_path / "nowhere")


@pytest.mark.parametrize("key", ["ann", "snn"])
def test_a_missing_stage_is_named(tmp_path, key):
    write_run(tmp_path)
    change_json(tmp_path / "metrics.json", lambda value: value["stages"].pop(key))
    with pytest.raises(RunFolderError, match=f"metrics.json has no stage '{key}'"):
        read_run(tmp_path)


@pytest.mark.parametrize("name", ["config.json", "metrics.json", "layers.json", "evaluation.npz"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_file_cut_short_is_corrupt(tmp_path, name, share):
    write_run(tmp_path)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(CorruptFileError, match=name):
        read_run(tmp_path)


def test_a_flipped_byte_in_the_arrays_is_corrupt(tmp_path):
    write_run(tmp_path)
    path = tmp_path / "evaluation.npz"
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF
    path.write_bytes(damaged)
    with pytest.raises(CorruptFileError, match=r"evaluation\.npz"):
        read_run(tmp_path)


def test_a_history_row_cut_short_names_its_line(tmp_path):
    write_run(tmp_path)
    path = tmp_path / "history.csv"
    path.write_text(path.read_text()[:-30])
    with pytest.raises(CorruptFileError, match=r"history\.csv, line 9"):
        read_run(tmp_path)


def test_a_history_without_a_column_names_it(tmp_path):
    write_run(tmp_path)
    path = tmp_path / "history.csv"
    path.write_text(path.read_text().replace("rate_loss", "other"))
    with pytest.raises(CorruptFileError, match="lacks the columns rate_loss"):
        read_run(tmp_path)


def test_another_format_is_refused(tmp_path):
    write_run(tmp_path)
    change_json(tmp_path / "layers.json", lambda value: value.update(format=2))
    with pytest.raises(
        FormatVersionError, match=r"layers\.json has format 2; this version reads 1"
    ):
        read_run(tmp_path)


@pytest.mark.parametrize("value", ["much", None, [], True, float("nan"), float("inf")])
def test_a_value_of_the_wrong_kind_is_named_with_its_place(tmp_path, value):
    write_run(tmp_path)
    change_json(tmp_path / "metrics.json", lambda whole: whole["stages"]["snn"].update(miou=value))
    with pytest.raises(CorruptFileError, match=r"metrics\.json: stages\.snn\.miou is"):
        read_run(tmp_path)


def test_a_membrane_class_beyond_the_classes_is_corrupt(tmp_path):
    write_run(tmp_path)
    change_json(tmp_path / "metrics.json", lambda value: value["data"].update(membrane_class=2))
    with pytest.raises(CorruptFileError, match="membrane_class is 2; there are 2 classes"):
        read_run(tmp_path)


def test_a_histogram_whose_edges_do_not_fit_is_corrupt(tmp_path):
    write_run(tmp_path)
    change_json(
        tmp_path / "layers.json",
        lambda value: value["layers"][1]["rate_histogram"]["edges_hz"].pop(),
    )
    with pytest.raises(CorruptFileError, match=r"layers\[1\]\.rate_histogram has 50 edges and 50"):
        read_run(tmp_path)


def test_a_label_beyond_the_classes_is_corrupt(tmp_path):
    write_run(tmp_path)
    change_arrays(tmp_path / "evaluation.npz", snn=np.full((3, 48, 48), 7, np.uint8))
    with pytest.raises(CorruptFileError, match="snn holds the label 7; there are 2 classes"):
        read_run(tmp_path)


@pytest.mark.parametrize(
    "arrays",
    [
        {"ann": np.zeros((3, 48, 47), np.uint8)},
        {"masks": np.zeros((3, 48), np.uint8)},
        {"images": np.zeros((3, 48, 48), np.float32)},
        {"forming": np.zeros((3, 5, 48, 48), np.uint8)},
        {"names": np.array(["one"])},
        {"steps": np.array(3)},
    ],
)
def test_arrays_that_do_not_fit_together_are_corrupt(tmp_path, arrays):
    write_run(tmp_path)
    change_arrays(tmp_path / "evaluation.npz", **arrays)
    with pytest.raises(CorruptFileError, match=r"evaluation\.npz"):
        read_run(tmp_path)


def test_pickled_objects_are_refused(tmp_path):
    write_run(tmp_path)
    change_arrays(tmp_path / "evaluation.npz", names=np.array([object()] * 3))
    with pytest.raises(CorruptFileError, match=r"evaluation\.npz"):
        read_run(tmp_path)
