"""How soon the command answers where nothing has to be computed: it loads nothing that is slow to load."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"fastapi", "numpy", "PIL", "pydantic", "requests", "rich", "torch", "uvicorn"}
CODE = """
import sys
from reverie.cli.main import run
sys.argv[0] = "reverie"
try:
    code = run()
except SystemExit as end:
    code = end.code
print(code, *sys.modules, file=sys.__stderr__)
"""


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--help"], 0),
        (["style", "--help"], 0),
        (["gimp", "install", "--help"], 0),
        (["--version"], 0),
        (["stile", "photo.jpg"], 2),
        (["style", "photo.jpg", "--styel", "ink", "-o", "out.png"], 2),
        (["style", "photo.jpg", "--iterations", "many", "-o", "out.png"], 2),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, list) else str(part),
)
def test_help_and_a_wrong_command_line_load_neither_torch_nor_what_else_is_slow(words, code):
    done = subprocess.run([sys.executable, "-c", CODE, *words], capture_output=True, text=True, timeout=60, check=True)
    ended, *modules = done.stderr.splitlines()[-1].split()
    assert int(ended) == code
    assert HEAVY & set(modules) == set()
    assert "reverie.cli.options" in modules
