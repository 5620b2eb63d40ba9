"""A mistake: one text of one source file in place of another."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PARTS = ("emulation", "compiling")
"""Packages of `spikeseg` with mistakes, each with a file of this name."""


class MistakeError(Exception):
    """A mistake that cannot be made, survives, or breaks more than it should."""


@dataclass(frozen=True)
class Mistake:
    """One deliberate mistake.

    Attributes:
        name: in words.
        file: of the source, from the root of the repository.
        old: text that stands in the file exactly once.
        new: what stands there instead.
        tests: files of tests, one of which must notice.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def made_in(self, source: str) -> str:
        """Return a source with the mistake.

        Raises:
            MistakeError: the text is not there, or more than once.
        """
        times = source.count(self.old)
        if times != 1 or self.old == self.new:
            raise MistakeError(
                f"{self.name!r} replaces a text that stands {times} times in {self.file}; it must "
                f"stand there once, and change. Bring the mistake up to date:\n{self.old}"
            )
        return source.replace(self.old, self.new)


def all_mistakes() -> list[Mistake]:
    """Return the mistakes of all parts."""
    return [mistake for part in PARTS for mistake in _read(part)]


def _read(part: str) -> list[Mistake]:
    stored = tomllib.loads((HERE / f"{part}.toml").read_text("utf-8"))
    return [
        Mistake(
            name=row["name"],
            file=f"src/spikeseg/{row.get('part', part)}/{row['file']}",
            old=row["old"].strip("\n"),
            new=row["new"].strip("\n"),
            tests=tuple(f"tests/test_{name}.py" for name in row.get("tests", stored["tests"])),
        )
        for row in stored["mistake"]
    ]
