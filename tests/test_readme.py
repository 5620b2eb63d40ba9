"""The README says what is: its code runs, its commands parse, its files and links exist."""

import ast
import re
import textwrap

import pytest

from pages import MARKDOWN, ROOT, blocks, command_lines, name_of, run_code
from spikeseg.cli import main
from spikeseg.cli.arguments import Parser, run_config
from spikeseg.cli.commands import COMMANDS
from spikeseg.config import DataConfig
from spikeseg.data import load
from spikeseg.runs import folder as run_folder

README = ROOT / "README.md"
COMMAND_LINES = [(page, words) for page in MARKDOWN for words in command_lines(page)]


class ParsedError(Exception):
    """The command's own parser has taken the arguments."""


@pytest.fixture
def stop_after_parsing(monkeypatch):
    """Make every command stop where its arguments are parsed and, for a run, its settings valid."""
    parse = Parser.parse

    def parse_only(parser, arguments):
        options = parse(parser, arguments)
        if "training" in options:
            run_config(options, parser)
        raise ParsedError

    monkeypatch.setattr(Parser, "parse", parse_only)
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize(
    ("page", "words"), COMMAND_LINES, ids=[f"{name_of(p)}: {' '.join(w)}" for p, w in COMMAND_LINES]
)
def test_every_command_line_in_the_documents_parses(page, words, stop_after_parsing):
    if "--help" in words:
        assert main(words) == 0
    else:
        with pytest.raises(ParsedError):
            main(words)


def test_a_command_line_with_an_unknown_option_does_not_pass_as_parsed(stop_after_parsing, capsys):
    assert main(["run", "configs/cells.yaml", "--out", "x", "--network.widht", "3"]) == 2
    assert "--network.width" in capsys.readouterr().err


def test_the_readme_shows_every_command_that_needs_a_run_or_makes_one():
    shown = {words[0] for words in command_lines(README)}
    assert {"demo", "run", "segment", "evaluate", "report"} <= shown


def test_the_ten_lines_are_those_of_the_example():
    example = (ROOT / "examples/ten_lines.py").read_text("utf-8")
    tree = ast.parse(example)
    body = next(n for n in tree.body if isinstance(n, ast.FunctionDef)).body[1:]
    lines = example.splitlines()
    inner = textwrap.dedent("\n".join(lines[body[0].lineno - 1 : body[-1].end_lineno]))
    imports = [ast.unparse(n) for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    (shown,) = blocks(README, "python")
    assert shown.split() == [*" ".join(imports).split(), *inner.split()]


def test_the_ten_lines_run_and_leave_a_report(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    run_code(README)
    said = re.fullmatch(r"mIoU (0\.\d+), report: (.*)\n", capsys.readouterr().out)
    assert said is not None
    assert 0 < float(said[1]) < 1
    assert (tmp_path / said[2]).read_text("utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize("page", [README, ROOT / "docs/architecture.md"], ids=name_of)
def test_the_table_of_verbs_names_every_file_of_a_run_folder(page):
    rows = re.findall(r"^\| `(\w+)` \|.*?((?:`[\w.]+\.\w+`(?:, )?)+) \|$", page.read_text(), re.M)
    told = {file: verb for verb, files in rows for file in re.findall(r"`([\w.]+)`", files)}
    assert told == run_folder._MADE_BY


@pytest.mark.parametrize("page", MARKDOWN, ids=name_of)
def test_every_link_and_picture_leads_to_a_file(page):
    links = re.findall(r"\]\((?!https?://)([^)#\s]+)", page.read_text("utf-8"))
    missing = [link for link in links if not (page.parent / link).exists()]
    assert missing == []


def test_the_folder_layout_is_the_one_that_the_dataset_reads(tmp_path):
    import numpy as np

    from spikeseg.images import write_masks

    (layout,) = [b for b in blocks(README, "text") if "my-data/" in b]
    folders = re.findall(r"── (\w+)/", layout)
    assert folders == ["images", "masks"]
    rng = np.random.default_rng(0)
    for folder in folders:
        write_masks(tmp_path / folder / "s.tif", rng.integers(0, 2, (5, 8, 8)))
    (tmp_path / re.findall(r"── (\w+\.txt)", layout)[0]).write_text("ground\nthing\n")
    data = load(DataConfig("folder", root=str(tmp_path)))
    assert data.class_names == ("ground", "thing")
    assert [len(data.train), len(data.test)] == [4, 1]


def test_every_verb_of_the_readme_s_run_folder_is_a_command():
    assert set(run_folder._MADE_BY.values()) <= set(COMMANDS)
