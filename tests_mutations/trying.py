"""A copy of the sources in which one mistake after the other is made, and its tests."""

import hashlib
import os
import re
import resource
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tests_mutations.mistakes import Mistake, MistakeError

ROOT = Path(__file__).parent.parent
COPIED = ("src", "tests", "benchmarks", "pyproject.toml")
NOTICED = ("AssertionError", "assert ", "Failed: DID NOT RAISE", "spikeseg.errors.")
"""How the message of a test begins that found a wrong result, or a right value refused."""


@dataclass(frozen=True)
class Caught:
    """A mistake and the first test that failed.

    Attributes:
        mistake: what was made.
        test: its file and name.
        seconds: of the processor that it took.
    """

    mistake: Mistake
    test: str
    seconds: float


class Copy:
    """A copy of the tree, never the tree itself.

    Compiled code is kept in a folder that is named after the text of all sources that Numba
    compiles, so that no mistake runs with the code of another one, or of none.
    """

    def __init__(self, folder: Path) -> None:
        self.root, self.kept = folder / "tree", folder / "compiled"
        self.report = folder / "report.xml"
        self.root.mkdir()
        for name in COPIED:
            if (ROOT / name).is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / name, self.root / name, ignore=ignored)
            else:
                shutil.copy2(ROOT / name, self.root / name)

    def check(self, tests: list[str]) -> None:
        """Check that the tests pass without a mistake, and that they test the copy.

        Raises:
            MistakeError: they do not.
        """
        where = "import spikeseg; print(spikeseg.__file__)"
        found = subprocess.check_output(
            [sys.executable, "-c", where], cwd=self.root, env=self._environment(), text=True
        )
        if not Path(found.strip()).is_relative_to(self.root):
            raise MistakeError(f"tests import {found.strip()}, which is not in {self.root}.")
        done = self._pytest(tests)
        if done.returncode:
            raise MistakeError(f"tests fail without a mistake:\n{done.stdout[-4000:]}")

    def catch(self, mistake: Mistake) -> Caught:
        """Make a mistake, run its tests, and undo it.

        Raises:
            MistakeError: no test notices, or one fails for another reason than a wrong result.
        """
        path, begin = self.root / mistake.file, seconds_used()
        before = path.read_text("utf-8")
        try:
            path.write_text(mistake.made_in(before), "utf-8")
            done = self._pytest_until_failure(mistake.tests)
        finally:
            path.write_text(before, "utf-8")
        if done.returncode == 0:
            raise MistakeError(f"{mistake.name!r} survives {', '.join(mistake.tests)}.")
        test, message = self._first_failure()
        if done.returncode != 1 or not message.startswith(NOTICED):
            raise MistakeError(
                f"{mistake.name!r} breaks the tests (pytest returns {done.returncode}) instead of "
                f"failing one:\n{message or done.stdout[-2000:] + done.stderr[-1000:]}"
            )
        return Caught(mistake, test, seconds_used() - begin)

    def _pytest_until_failure(self, tests: tuple[str, ...]) -> "subprocess.CompletedProcess[str]":
        for test in tests:
            done = self._pytest([test])
            if done.returncode:
                break
        return done

    def _first_failure(self) -> tuple[str, str]:
        if not self.report.exists():
            return "", ""
        for case in ElementTree.parse(self.report).iter("testcase"):
            for failure in case.findall("failure"):
                name = re.sub(r"\[.*", "", case.get("name", ""))
                return f"{case.get('classname', '').split('.')[-1]}.py::{name}", failure.get(
                    "message", ""
                )
        return "", ""

    def _pytest(self, tests: list[str]) -> "subprocess.CompletedProcess[str]":
        self.report.unlink(missing_ok=True)
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--noconftest", "-p", "no:xdist"]
        command += ["-p", "tests_mutations.drawing", f"--junitxml={self.report}", *tests]
        return subprocess.run(
            command,
            cwd=self.root,
            env=self._environment(),
            text=True,
            capture_output=True,
            check=False,
        )

    def _environment(self) -> dict[str, str]:
        path = os.pathsep.join([str(self.root / "src"), str(self.root), str(ROOT)])
        return os.environ | {
            "PYTHONPATH": path,
            "PYTHONDONTWRITEBYTECODE": "1",
            "NUMBA_CACHE_DIR": str(self.kept / self._digest()),
            "OMP_NUM_THREADS": "1",
        }

    def _digest(self) -> str:
        texts = (path.read_bytes() for path in sorted((self.root / "src").rglob("*.py")))
        compiled = b"".join(text for text in texts if b"numba" in text or b"llvmlite" in text)
        return hashlib.sha256(compiled).hexdigest()[:16]


def seconds_used() -> float:
    """Return the processor time of all tests so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
