"""The stubs of Python-Fu: the plug-in keeps to them, and they are as a real GIMP 2.10 is."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STUBS = ROOT / "tests" / "stubs"
PLUGIN = ROOT / "plugin" / "gimp2"


def check(folder: Path, cache: Path) -> str:
    """What mypy has to say of a plug-in in a folder; empty when nothing."""
    (cache / "mypy.ini").write_text(
        f"[mypy]\nmypy_path = {STUBS}:{ROOT / 'plugin'}:{folder}\nexplicit_package_bases = True\n"
        "check_untyped_defs = True\nstrict_optional = False\n[mypy-shared.*]\nfollow_imports = skip\n"
    )
    words = (
        sys.executable,
        "-m",
        "mypy",
        "--config-file",
        str(cache / "mypy.ini"),
        "--cache-dir",
        str(cache / "cache"),
    )
    done = subprocess.run(
        [*words, *map(str, sorted(folder.glob("*.py")))], capture_output=True, text=True, check=False, cwd=ROOT
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_the_plugin_keeps_to_the_stubs(tmp_path):
    assert check(PLUGIN, tmp_path) == ""


SLIPS = [
    ("pdb.gimp_image_is_valid(image)", "pdb.gimp_image_is_there(image)", "gimp_image_is_there"),
    ("pdb.gimp_item_get_parent(source)", "pdb.gimp_item_get_parent(source, 1)", "Too many arguments"),
    ("layer.has_alpha", "layer.has_opacity", "has_opacity"),
    ("    CLIP_TO_IMAGE,\n", "    CLIP_TO_PICTURE,\n", "CLIP_TO_PICTURE"),
]


def test_slips_would_be_found(tmp_path):
    folder = tmp_path / "slips"
    shutil.copytree(PLUGIN, folder, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    for right, wrong, _ in SLIPS:
        (path,) = (each for each in folder.glob("*.py") if right in each.read_text(encoding="utf-8"))
        path.write_text(path.read_text(encoding="utf-8").replace(right, wrong, 1), encoding="utf-8")
    found = check(folder, tmp_path)
    assert [said for _, _, said in SLIPS if said not in found] == []


def _stubbed(name: str) -> ast.Module:
    return ast.parse((STUBS / f"{name}.pyi").read_text(encoding="utf-8"))


def test_nothing_in_the_stubs_is_unused():
    source = "\n".join(path.read_text(encoding="utf-8") for path in PLUGIN.glob("*.py"))
    procedures = [
        item.name
        for node in _stubbed("gimp").body
        if isinstance(node, ast.ClassDef) and node.name == "_Pdb"
        for item in node.body
        if isinstance(item, ast.FunctionDef)
    ]
    constants = [
        node.target.id
        for module in ("gimpenums", "gimpfu")
        for node in _stubbed(module).body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    ]
    assert len(procedures) > 20
    assert len(constants) > 15
    assert [name for name in [*procedures, *constants] if name not in source] == []


def test_the_stubs_are_as_gimp_is(gimp2):
    if not gimp2.is_real:
        pytest.skip("the stand-in was written after the stubs")
    procedures, attributes = {}, {}
    for node in _stubbed("gimp").body:
        if isinstance(node, ast.ClassDef):
            functions = [item for item in node.body if isinstance(item, ast.FunctionDef)]
            if node.name == "_Pdb":
                procedures = {item.name: len(item.args.args) - 1 for item in functions}
            elif node.name != "PixelRgn":  # no name of the module
                fields = [
                    item.target.id
                    for item in node.body
                    if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
                ]
                attributes[node.name] = [item.name for item in functions] + fields
    constants = [
        node.target.id
        for node in _stubbed("gimpenums").body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    ]
    found, said = gimp2.run(f"""
import gimpenums
wrong = []
for name, count in {procedures!r}.items():
    try:
        if pdb[name].nparams != count:
            wrong.append("%s takes %d" % (name, pdb[name].nparams))
    except (KeyError, RuntimeError):
        wrong.append(name)
image = new_image()
things = {{"Layer": new_layer(image), "Drawable": image.layers[0], "Image": image,
          "Parasite": gimp.Parasite("a", 0, ""),
          "Channel": pdb.gimp_layer_create_mask(image.layers[0], gimpenums.ADD_WHITE_MASK)}}
for kind, names_of_it in {attributes!r}.items():
    wrong += [kind + "." + name for name in names_of_it if not hasattr(things[kind], name)]
wrong += [name for name in {constants!r} if not isinstance(getattr(gimpenums, name, None), int)]
answer(wrong=wrong)
""")
    assert found["wrong"] == [], said
