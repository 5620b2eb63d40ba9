"""What the tests of the documents share: code blocks, command lines, registries left as found."""

import re
import shlex
from pathlib import Path

from spikeseg.conversion import RECIPES
from spikeseg.data import DATASETS
from spikeseg.events import FORMATS
from spikeseg.layers import ACTIVATIONS
from spikeseg.networks import NETWORKS
from spikeseg.neurons import NEURONS
from spikeseg.placing import PARTITIONERS
from spikeseg.robustness import CORRUPTIONS
from spikeseg.surrogates import SURROGATES

ROOT = Path(__file__).resolve().parents[1]
REGISTRIES = {
    "neurons": NEURONS,
    "activations": ACTIVATIONS,
    "networks": NETWORKS,
    "datasets": DATASETS,
    "conversion-recipes": RECIPES,
    "partitioners": PARTITIONERS,
    "event-formats": FORMATS,
    "corruptions": CORRUPTIONS,
    "surrogates": SURROGATES,
}
MARKDOWN = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "docs/plug-points").glob("*.md")]
)


def name_of(path):
    """Return a page's path from the root of the repository."""
    return path.relative_to(ROOT).as_posix()


def blocks(path, language):
    """Return the contents of a page's fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", path.read_text("utf-8"), re.S | re.M)


def run_code(path):
    """Run all Python blocks of a page, one after the other, as one program."""
    program = "\n".join(blocks(path, "python"))
    exec(compile(program, str(path), "exec"), {"__name__": f"page_{path.stem}"})


def command_lines(path):
    """Return the arguments of every ``spikeseg`` command on a page, in blocks and in text."""
    text = path.read_text("utf-8")
    lines = [
        line for block in blocks(path, "bash") for line in block.replace("\\\n", " ").splitlines()
    ]
    lines += re.findall(r"(?<!`)`(spikeseg [a-z]+ [^`\n]+)`(?!`)", text)
    split = [shlex.split(line, comments=True) for line in lines]
    return [words[1:] for words in split if words[:1] == ["spikeseg"]]


def leave_registries_as_found(monkeypatch):
    """Undo, at the end of a test, what it registers."""
    for registry in REGISTRIES.values():
        for name in registry.names():
            registry.get(name)  # or its module, once imported, would not register it again
        monkeypatch.setattr(registry, "_members", dict(registry._members))
        monkeypatch.setattr(registry, "_owners", dict(registry._owners))
