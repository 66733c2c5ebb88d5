"""GIMP's own API is called from few files of a plug-in; the others ask those, in the plug-in's terms."""

from __future__ import annotations

import ast
from pathlib import Path

PLUGIN = Path(__file__).resolve().parents[2] / "plugin"
API = {"Gimp", "Gegl", "Babl"}
CALL_IT = {
    "layers.py",  # layers, what is written on them, and undo
    "pixels.py",  # samples, and their formats
    "stencil.py",  # selections
    "reverie.py",  # the procedures, their arguments, and GIMP's progress bar
}


def imported(path: Path) -> set[str]:
    """What of GIMP's API a file imports when it runs: for the names of types alone it may."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    types = [node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    for node in types:
        node.body = []
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "gi.repository"]
    return API & {alias.name for node in imports for alias in node.names}


def test_gimps_api_is_called_from_four_files():
    files = list((PLUGIN / "gimp3").glob("*.py"))
    assert len(files) > 20
    assert {path.name for path in files if imported(path)} == CALL_IT


def test_what_both_plugins_share_knows_no_gimp():
    for path in (PLUGIN / "shared").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level}
        assert not {name.split(".")[0] for name in names} & {"gi", "gimp", "gimpfu", "gimpenums"}, path
