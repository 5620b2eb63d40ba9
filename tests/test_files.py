"""Files are whole or absent, whatever goes wrong while they are written."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from spikeseg.errors import CorruptFileError
from spikeseg.files import atomic_path, read_json, sha256, write_json, write_text


def test_a_file_appears_under_its_name_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "note.txt"
    with atomic_path(path) as temporary:
        temporary.write_text("whole")
        assert not path.exists()
        assert (temporary.parent, temporary.suffix) == (path.parent, ".txt")
    assert path.read_text() == "whole"
    assert os.listdir(path.parent) == ["note.txt"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_whatever_goes_wrong_the_old_file_stays_and_nothing_else(
    tmp_path: Path, error: BaseException
) -> None:
    path = tmp_path / "note.txt"
    path.write_text("old")

    def write() -> None:
        with atomic_path(path) as temporary:
            temporary.write_text("ne")
            raise error

    with pytest.raises(type(error)):
        write()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["note.txt"]


def test_a_text_is_utf_8(tmp_path: Path) -> None:
    write_text(tmp_path / "t.txt", "Größe µm")
    assert (tmp_path / "t.txt").read_bytes() == "Größe µm".encode()


def test_json_comes_back_as_it_was(tmp_path: Path) -> None:
    value = {"a": [1, 2.5, None], "b": {"c": "d"}}
    write_json(tmp_path / "v.json", value)
    assert read_json(tmp_path / "v.json") == value
    assert json.loads((tmp_path / "v.json").read_text()) == value


def test_a_number_that_json_does_not_know_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "v.json"
    write_json(path, {"loss": 1.0})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"loss": float("nan")})
    assert read_json(path) == {"loss": 1.0}


@pytest.mark.parametrize("content", [b'{"a": 1', b"", b"\xff\xfe\x00"])
def test_json_that_is_cut_short_is_called_so_with_its_path(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "metrics.json"
    path.write_bytes(content)
    with pytest.raises(CorruptFileError) as caught:
        read_json(path)
    assert str(path) in str(caught.value)
    assert "run the stage" in str(caught.value)


def test_the_hash_is_that_of_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "big"
    path.write_bytes(bytes(range(256)) * 10_000)
    assert sha256(path) == hashlib.sha256(path.read_bytes()).hexdigest()
