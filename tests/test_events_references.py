"""Real recordings against the decodes of other programs."""

import os
from pathlib import Path

import numpy as np
import pytest

from spikeseg.events import read_events

DATA = Path(os.environ.get("SPIKESEG_DATA", Path(__file__).parents[2] / "shared" / "data"))
EVENTS = DATA / "events"
pytestmark = pytest.mark.skipif(
    not EVENTS.is_dir(), reason=f"NOT RUN: no recordings in {EVENTS} (set SPIKESEG_DATA)"
)
EQUAL = (
    "nmnist_sample.bin",
    "ncars_sample.dat",
    "ncars_sample2.dat",
    "prophesee_gen3_evt2.raw",
    "davis346.aedat4",
    "dv_320x240.aedat4",
    "rpg_slider_depth_50k.txt",
)
EVT3 = "prophesee_gen41_evt3"


def decoded(name: str):
    return np.load(EVENTS / "decoded" / f"{Path(name).stem}.npz")


def assert_equal(events, reference) -> None:
    ours = (events.t, events.x, events.y, events.polarity)
    for ours_, name in zip(ours, "txyp", strict=True):
        np.testing.assert_array_equal(ours_, reference[name])
    assert [events.width, events.height] == reference["sensor_wh"].tolist()


@pytest.mark.parametrize("name", EQUAL)
def test_a_real_file_equals_its_reference_decode(name: str) -> None:
    assert_equal(read_events(EVENTS / "raw" / name), decoded(name))


@pytest.mark.parametrize("name", [*EQUAL, EVT3])
def test_a_reference_decode_is_itself_read(name: str) -> None:
    assert_equal(read_events(EVENTS / "decoded" / f"{Path(name).stem}.npz"), decoded(name))


def test_the_real_file_in_the_layout_of_dsec_equals_its_source() -> None:
    pytest.importorskip("h5py")
    events = read_events(EVENTS / "raw" / "dsec_layout_from_evt2.h5")
    assert_equal(events, decoded("prophesee_gen3_evt2"))


def test_pixels_and_polarities_of_the_real_evt3_file_equal_its_reference_decode() -> None:
    events, reference = read_events(EVENTS / "raw" / f"{EVT3}.raw"), decoded(EVT3)
    for ours, name in ((events.x, "x"), (events.y, "y"), (events.polarity, "p")):
        np.testing.assert_array_equal(ours, reference[name])
    assert (events.width, events.height) == (1280, 720)


def test_times_of_the_real_evt3_file_are_its_reference_less_the_rounds_that_it_invents() -> None:
    # The reference takes every fall of the lower 12 bits for a new round of 4096 us, although the
    # upper bits in the file count these rounds already, and although this camera writes the lower
    # bits twice at times, first too high (0x32b, 0x320). Prophesee's rule is that the latest hold.
    path = EVENTS / "raw" / f"{EVT3}.raw"
    content = path.read_bytes()
    word = np.frombuffer(content[content.index(b"ID 48\n") + 6 :], "<u2").astype(int)
    low, falls, rounds = 0, 0, []
    singles = {2: 0xFFF, 4: 0xFFF, 5: 0xFF}
    for w in word.tolist():
        kind, value = w >> 12, w & 0xFFF
        if kind == 6:
            falls, low = falls + (value < low), value
        elif kind in singles:
            rounds += [falls] * (1 if kind == 2 else (value & singles[kind]).bit_count())
    expected = decoded(EVT3)["t"] - 4096 * np.array(rounds)
    np.testing.assert_array_equal(read_events(path).t, expected)


def test_times_of_the_real_evt3_file_have_the_upper_bits_that_the_file_says() -> None:
    path = EVENTS / "raw" / f"{EVT3}.raw"
    content = path.read_bytes()
    word = np.frombuffer(content[content.index(b"ID 48\n") + 6 :], "<u2")
    said = np.unique(word[word >> 12 == 8] & 0xFFF)
    assert np.unique(read_events(path).t >> 12).tolist() == said.tolist()
    assert (decoded(EVT3)["t"] >> 12).max() > said.max()
