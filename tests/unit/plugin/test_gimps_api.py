"""GIMP's own API is called from one room of the plug-in; the others ask that, in the plug-in's terms."""

from __future__ import annotations

import ast
from pathlib import Path

PLUGIN = Path(__file__).resolve().parents[3] / "plugin" / "gimp3"
API = {"Gimp", "Gegl", "Babl"}
OUTSIDE = {"reverie.py", "run.py"}  # what GIMP starts, and what tells it how that ended


def imported(path: Path) -> set[str]:
    """What of GIMP's API a file imports when it runs: for the names of types alone it may."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    types = [node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    for node in types:
        node.body = []
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "gi.repository"]
    return API & {alias.name for node in imports for alias in node.names}


def test_gimps_api_is_called_from_one_room():
    files = list(PLUGIN.rglob("*.py"))
    assert len(files) > 35
    callers = {path for path in files if imported(path)}
    room = PLUGIN / "reverie_gimp" / "gimp"
    assert {path.name for path in callers if room not in path.parents} == OUTSIDE
    assert {"layers.py", "pixels.py", "selection.py", "results.py"} <= {path.name for path in callers}
