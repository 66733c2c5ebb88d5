"""The command `install.py test`: ruff, mypy and pytest, with a GIMP 3 and a browser where they can be set up."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from reverie.installer import CLONE, Failure, gimp
from reverie.installer.console import run, say, waiting
from reverie.installer.environment import Environment, clean_environment

_ONE_CORE = {"OMP_NUM_THREADS": "1"}  # for each worker and what it starts: threads that wait for a busy core lose time
_PATIENCE = 240.0  # seconds that what is set up beside the first GIMP of the tests may take longer than that


def check(environment: Environment, pytest: Sequence[str]) -> int:
    """ruff, mypy and pytest, all three always; the code of the first that failed. pytest's last line comes last."""
    with _browser(environment):
        codes = [_provide_gimp(environment)]
    for tool, *words in (
        ["ruff", "check"],
        ["mypy"],
        ["mypy", "--config-file", "plugin/mypy.ini"],
        # Two at a time, a file at a time, those with windows first: many tests wait for another process.
        ["pytest", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", *pytest],
    ):
        say(f"$ {tool} {' '.join(words)}".rstrip())
        command = [str(environment.python), "-m", tool, *words]
        codes.append(subprocess.run(command, cwd=CLONE, env={**clean_environment(), **_ONE_CORE}).returncode)
    return next((code for code in codes if code), 0)


def _provide_gimp(environment: Environment) -> int:
    """Sets up GIMP 3.0 and 3.2 for the tests where that is possible; where it is not they are skipped, and 1 with
    CI=true. 3.2 comes from a distribution that is still being made: it may fail."""
    with waiting("Looking for GIMP"):
        if gimp.programs():
            return 0
    missing = 1 if os.environ.get("CI") == "true" else 0
    if not _may_install():
        say(
            "The tests that need GIMP 3 are skipped: it is not installed, and only root on Debian or Ubuntu can set "
            "one up beside the system (tests/gimp/provision.sh)."
        )
        return missing
    script = CLONE / "tests" / "gimp" / "provision.sh"
    with _beside("GIMP 3.2", script, environment.folder / "gimp-3.2.log", REVERIE_GIMP_SUITE="forky"):
        try:
            run("Setting up GIMP 3 for the tests", [script], environment.folder / "gimp.log")
        except Failure as failure:
            say(f"The tests that need GIMP 3 are skipped: it could not be set up. {failure}")
            return missing
    return 0


def _browser(environment: Environment) -> contextlib.AbstractContextManager[None]:
    """Sets up Chromium for the tests of the page where there is none and that is possible; they say what they need."""
    if all(map(shutil.which, ("chromium", "chromedriver"))) or not _may_install():
        return contextlib.nullcontext()
    script = CLONE / "tests" / "server" / "chromium.sh"
    return _beside("a browser", script, environment.folder / "chromium.log")


def _may_install() -> bool:
    return sys.platform == "linux" and os.geteuid() == 0 and shutil.which("apt-get") is not None


@contextlib.contextmanager
def _beside(what: str, script: Path, log: Path, **more: str) -> Iterator[None]:
    """Has a script set something up meanwhile, which mostly waits for the disk and the network, and for a few minutes
    longer. `more` are variables for it."""
    variables = {name: value for name, value in os.environ.items() if name != "REVERIE_GIMP_ROOT"}
    with log.open("wb") as file:
        process = subprocess.Popen(
            [str(script)], stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True,
            env={**variables, **more},
        )  # fmt: skip
    try:
        yield
        with waiting(f"Setting up {what} for the tests"):
            process.wait(timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        pass
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if process.returncode:
        say(f"The tests in {what} are skipped: it could not be set up meanwhile. {log} says why.")
