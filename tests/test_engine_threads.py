"""The simulator uses as many threads as torch may, and leaves torch its own number."""

import subprocess
import sys

CODE = """
import numba, torch
from spikeseg.engine import spiking_scan

torch.set_num_threads(1)
current = torch.rand(3, 2, 4, 8, 8)
spiking_scan(current, torch.zeros_like(current[0]))
print(torch.get_num_threads(), numba.get_num_threads())
"""


def test_the_first_compiled_loop_of_a_process_leaves_torch_its_threads() -> None:
    """In a process of its own: Numba sets up its threads once."""
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", CODE], check=True, capture_output=True, text=True
    )
    assert result.stdout.split() == ["1", "1"]
