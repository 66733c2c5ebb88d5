"""docs/adding.md does what it says: its files, changes and commands, one after the other, in a copy of the project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "adding.md").read_text(encoding="utf-8")


class Copy:
    """A copy of the project, with the page's blocks applied to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        leave = shutil.ignore_patterns("__pycache__", "*.egg-info")
        for name in ("backend", "plugin"):
            shutil.copytree(ROOT / name, folder / name, ignore=leave)

    def apply(self, section: str) -> None:
        """Carries out the blocks of a section."""
        text = PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
        blocks = re.findall(r"```(\w+)\n(.*?)```", text, re.DOTALL)
        assert {"sh", "diff"} <= {kind for kind, _ in blocks}
        for kind, block in blocks:
            if kind == "python":
                place, _, source = block.partition("\n")
                (self.folder / place.removeprefix("# ")).write_text(source, encoding="utf-8")
            elif kind == "diff":
                self._run(["git", "apply", "--recount", "--unidiff-zero", "-"], block)
            else:
                for line in block.splitlines():
                    self._run(["sh", "-c", line], None)

    def _run(self, command: list[str], given: str | None) -> None:
        here = self.folder / "bin"
        here.mkdir(exist_ok=True)
        for name, words in (("python", ""), ("reverie", "-m reverie")):
            (here / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
            (here / name).chmod(0o755)
        path = os.pathsep.join([str(here), os.environ["PATH"]])
        variables = {**os.environ, "PATH": path, "PYTHONPATH": str(self.folder / "backend")}
        done = subprocess.run(
            command,
            input=given,
            cwd=self.folder,
            env=variables,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"

    def picture(self, name: str) -> np.ndarray:
        return np.asarray(Image.open(self.folder / name).convert("RGB")).astype(float)


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Copy:
    return Copy(tmp_path_factory.mktemp("copy"))


def test_a_style_loss_is_a_file_and_a_line(copy):
    copy.apply("A style loss")
    assert copy.picture("deviation.png").std() > 10


def test_a_network_is_a_file_and_an_entry(copy):
    copy.apply("A network")
    assert copy.picture("sketchnet.png").std() > 10


def test_a_field_of_the_recipe_is_an_entry_and_its_use(copy):
    copy.apply("A field of the recipe")
    grey = copy.picture("grey.png")
    assert np.ptp(grey, axis=2).max() <= 2  # of 255: rounding
