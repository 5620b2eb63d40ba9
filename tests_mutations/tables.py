"""The table of mistakes in the documentation, from the kept results."""

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "results" / "mutations.json"
PAGE = ROOT / "docs" / "chip-exactness.md"
BEGIN, END = "<!-- mistakes: begin -->\n", "<!-- mistakes: end -->\n"


def table() -> str:
    """Return the kept results as a Markdown table."""
    stored: dict[str, Any] = json.loads(RESULTS.read_text("utf-8"))
    lines = ["| mistake | made in | noticed by |", "|---|---|---|"]
    for row in stored["mistakes"]:
        file = row["file"].removeprefix("src/spikeseg/")
        test = row["caught_by"].removeprefix("test_").replace(".py::test_", ": ").replace("_", " ")
        lines.append(f"| {row['name']} | `{file}` | {test} |")
    return "\n".join(lines) + "\n"


def write_table() -> None:
    """Put the table into its page, between two marks."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    PAGE.write_text(before + BEGIN + table() + END + rest.partition(END)[2], "utf-8")
