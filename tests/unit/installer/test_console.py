"""What the installer shows while something takes its time, and when it fails."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from reverie.installer import CLONE, Failure, console

from tests.unit.installer.stand_ins import write_script

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are shell scripts")

PIP = """
until_said() {{ for n in $(seq 1500); do if grep -q "$1" "{said}"; then break; fi; sleep 0.02; done; }}
echo "Collecting torch==2.13.0 (from -r /home/me/clone/requirements.txt (line 20))"
until_said "Collecting torch"
echo "  Downloading https://index.example/whl/torch-2.13.0.whl (190.8 MB)"
echo "Progress 1000000 of 190800000"
until_said " 1 of 191 MB"
echo "Progress 99000000 of 190800000"
until_said "99 of 191 MB"
echo "Installing collected packages: mpmath, sympy, torch"
until_said "3 packages"
"""


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with all that is said."""
    file, shown = tmp_path / "said", console._print
    file.touch()

    def heard(text: str, end: str = "\n") -> None:
        shown(text, end)
        with file.open("a") as more:
            more.write(text + end)

    monkeypatch.setattr(console, "_print", heard)
    return file


def test_no_step_is_silent_where_there_is_no_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], said: Path
) -> None:
    assert console.SECONDS_BETWEEN_LINES <= 2
    monkeypatch.setattr(console, "SECONDS_BETWEEN_LINES", 0.1)
    console.run("Installing", [write_script(tmp_path / "pip", PIP.format(said=said))], tmp_path / "log")
    first, *lines, last = capsys.readouterr().out.splitlines()
    assert first == "… Installing" and re.fullmatch(r"✓ Installing \(0:\d\d\)", last)
    assert all(re.match(r"  0:\d\d ", line) for line in lines)
    told = list(dict.fromkeys(line.split(" ", 3)[3] for line in lines if line.split(" ", 3)[3] != "Installing"))
    assert told == [
        "Collecting torch==2.13.0",
        "Downloading torch-2.13.0.whl: 1 of 191 MB",
        "Downloading torch-2.13.0.whl: 99 of 191 MB",
        "Installing 3 packages",
    ]
    log = (tmp_path / "log").read_text()
    assert "(line 20)" in log and "Progress" not in log


def test_what_waits_is_spoken_of_once_it_takes_long(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], said: Path
) -> None:
    with console.waiting("Looking"):
        pass
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(console, "_PATIENCE", 0.05)
    monkeypatch.setattr(console, "SECONDS_BETWEEN_LINES", 0.05)
    with console.waiting("Looking"):
        for _ in range(3000):
            if said.read_text().count("\n") > 2:
                break
            time.sleep(0.01)
    first, *more, last = capsys.readouterr().out.splitlines()
    assert first == "… Looking" and len(more) > 1
    assert all(re.fullmatch(r"  0:\d\d Looking", line) for line in more) and re.fullmatch(r"✓ Looking \(0:\d\d\)", last)


def test_a_step_that_fails_says_what_its_log_says(tmp_path: Path) -> None:
    script = write_script(tmp_path / "step", "echo OSError: No space left on device; exit 3")
    with pytest.raises(Failure, match=r"exit code 3\)(.|\n)*No space left(.|\n)*The disk is full"):
        console.run("Filling the disk", [script], tmp_path / "log")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a file that is always full")
def test_a_step_ends_when_its_log_cannot_be_written(tmp_path: Path) -> None:
    """More than a pipe holds is said: whoever does not read it makes the step wait for ever."""
    much = f'"{sys.executable}" -c "print(200000 * chr(46))"'
    step = write_script(tmp_path / "step", f"{much}; echo too much >&2; exit 3")
    code = (
        "import sys\nfrom pathlib import Path\nfrom reverie.installer import Failure, console\n"
        "try:\n    console.run('Saying a lot', [sys.argv[1]], Path('/dev/full'))\n"
        "except Failure as failure:\n    print(str(failure)[-200:])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(step)], cwd=CLONE, capture_output=True, text=True, timeout=60, check=True
    )
    assert "too much" in done.stdout
