"""Which numbers are chosen: never one that rounds without being asked, never a slower one."""

import os
import subprocess
import sys

import pytest

from spikeseg.engine import choosing
from spikeseg.engine.choosing import choose_numbers
from spikeseg.errors import ConfigError


def test_nothing_that_rounds_is_chosen_unasked() -> None:
    choice = choose_numbers()
    assert choice.numbers == "fp32"
    assert list(choice.milliseconds) == ["fp32"]


def test_what_is_chosen_is_not_slower_than_exact_numbers() -> None:
    choice = choose_numbers(("bf16", "int8"))
    assert choice.milliseconds[choice.numbers] <= choice.milliseconds["fp32"]
    assert choice.reason.startswith(choice.numbers)
    assert all(f"{ms:.2f} ms" in choice.reason for ms in choice.milliseconds.values())


@pytest.mark.parametrize(
    ("times", "wanted"),
    [
        ({"fp32": 1.0, "bf16": 3.0, "int8": 34.0}, "fp32"),
        ({"fp32": 1.0, "bf16": 0.3, "int8": 0.2}, "int8"),
        ({"fp32": 1.0, "bf16": 0.3, "int8": 0.5}, "bf16"),
        ({"fp32": 1.0, "bf16": 0.95, "int8": 0.97}, "fp32"),
    ],
)
def test_the_fastest_by_more_than_noise_is_chosen(
    times: dict[str, float], wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choosing, "_MAKERS", {name: lambda n=name: n for name in times})
    monkeypatch.setattr(
        choosing, "_milliseconds", lambda names: {name: times[name] for name in names}
    )
    assert choose_numbers(tuple(times)).numbers == wanted


def test_an_unknown_kind_of_numbers_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="fp16"):
        choose_numbers(("fp16",))


def test_a_processor_without_matrix_instructions_keeps_exact_numbers() -> None:
    """Imitated: oneDNN takes 16-bit and 8-bit numbers apart where AVX2 is all it may use."""
    code = "from spikeseg.engine.choosing import choose_numbers as c; print(c(('bf16',)).numbers)"
    environment = os.environ | {"ONEDNN_MAX_CPU_ISA": "AVX2", "OMP_NUM_THREADS": "1"}
    found = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment
    )
    assert found.stdout.split() == ["fp32"]
