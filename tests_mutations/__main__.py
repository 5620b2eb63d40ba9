"""Makes every mistake in a copy of the tree and runs the tests that should notice.

``python -m tests_mutations`` takes about seven minutes on one core; with words, it only makes the
mistakes whose names contain one of them, and keeps nothing.
"""

import json
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests_mutations.mistakes import Mistake, MistakeError, all_mistakes
from tests_mutations.tables import RESULTS, write_table
from tests_mutations.trying import Caught, Copy, seconds_used


def main(words: list[str]) -> int:
    """Return 0 if a test noticed every mistake."""
    mistakes = [m for m in all_mistakes() if not words or any(word in m.name for word in words)]
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(Path(folder).resolve())
        copy.check(sorted({test for mistake in mistakes for test in mistake.tests}))
        print(f"without a mistake, all tests pass ({seconds_used():.0f} s)", flush=True)
        found = [caught for mistake in mistakes if (caught := _try(copy, mistake)) is not None]
    print(f"{len(found)} of {len(mistakes)} mistakes are caught")
    if len(found) < len(mistakes):
        return 1
    if not words:
        RESULTS.write_text(json.dumps(_kept(found), indent=1) + "\n", "utf-8")
        write_table()
    return 0


def _try(copy: Copy, mistake: Mistake) -> Caught | None:
    try:
        caught = copy.catch(mistake)
    except MistakeError as error:
        print(f"ERROR {error}", flush=True)
        return None
    print(f"{caught.seconds:5.1f} s  {mistake.name}: {caught.test}", flush=True)
    return caught


def _kept(found: list[Caught]) -> dict[str, Any]:
    rows = [{"name": c.mistake.name, "file": c.mistake.file, "caught_by": c.test} for c in found]
    return {
        "command": "python -m tests_mutations",
        "python": platform.python_version(),
        "processor_seconds": round(seconds_used()),
        "mistakes": rows,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
