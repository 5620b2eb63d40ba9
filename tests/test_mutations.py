"""Deliberate mistakes can be made in today's sources, and the kept results are theirs."""

import json

import pytest

from tests_mutations.mistakes import Mistake, MistakeError, all_mistakes
from tests_mutations.tables import BEGIN, END, PAGE, RESULTS, ROOT, table

MISTAKES = all_mistakes()


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m.name)
def test_a_mistake_replaces_a_text_that_stands_in_its_file_once(mistake: Mistake) -> None:
    source = (ROOT / mistake.file).read_text("utf-8")
    compile(mistake.made_in(source), mistake.file, "exec")
    assert all((ROOT / test).exists() for test in mistake.tests)


def test_a_text_that_is_not_there_cannot_be_replaced() -> None:
    mistake = Mistake("a", "b.py", "x = 1", "x = 2", ())
    assert mistake.made_in("y = 0\nx = 1\n") == "y = 0\nx = 2\n"
    for source in ("y = 0\n", "x = 1\nx = 1\n"):
        with pytest.raises(MistakeError, match="must stand there once"):
            mistake.made_in(source)


def test_the_kept_results_are_of_these_mistakes() -> None:
    rows = json.loads(RESULTS.read_text("utf-8"))["mistakes"]
    assert [(row["name"], row["file"]) for row in rows] == [(m.name, m.file) for m in MISTAKES]
    for row in rows:
        file, test = row["caught_by"].split("::")
        assert f"def {test}(" in (ROOT / "tests" / file).read_text("utf-8")


def test_the_page_shows_the_kept_results() -> None:
    shown = PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]
    assert shown == table()
