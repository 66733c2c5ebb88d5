"""Where GIMP's plug-ins lie, and putting one there and taking it away again."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from reverie.installer import (
    CLONE,
    PACKAGE,
    Failure,
    gimp,
    plugin,
)
from reverie.plugin.shared import places, presets

from tests.unit.installer.stand_ins import (
    clone_fixture,  # noqa: F401
    home_fixture,  # noqa: F401
    program_fixture,  # noqa: F401
    tree,
    web_fixture,  # noqa: F401
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are shell scripts")


@pytest.mark.parametrize(
    ("platform", "variables", "made", "expected"),
    [
        ("linux", {}, [".config/GIMP/3.0", ".config/GIMP/2.10"], [".config/GIMP/3.0"]),
        ("linux", {}, [".config/GIMP/3.0", ".config/GIMP/3.2"], [".config/GIMP/3.0", ".config/GIMP/3.2"]),
        ("linux", {}, [".config/GIMP/reverie", ".config/GIMP/3.0-old"], []),
        ("linux", {"XDG_CONFIG_HOME": "moved"}, ["moved/GIMP/3.0"], ["moved/GIMP/3.0"]),
        ("linux", {}, [".var/app/org.gimp.GIMP/config/GIMP/3.0"], [".var/app/org.gimp.GIMP/config/GIMP/3.0"]),
        ("linux", {"SNAP_REAL_HOME": "real"}, ["real/.config/GIMP/3.0"], ["real/.config/GIMP/3.0"]),
        ("linux", {"GIMP3_DIRECTORY": "mine"}, ["mine", ".config/GIMP/3.0"], ["mine"]),
        ("darwin", {}, ["Library/Application Support/GIMP/3.0"], ["Library/Application Support/GIMP/3.0"]),
        ("win32", {"APPDATA": "Roaming"}, ["Roaming/GIMP/3.0"], ["Roaming/GIMP/3.0"]),
    ],
    ids=["native", "two", "none", "xdg", "flatpak", "snap", "GIMP3_DIRECTORY", "macos", "windows"],
)  # fmt: skip
def test_configurations_of_each_packaging(
    home: Path, monkeypatch: pytest.MonkeyPatch, platform: str, variables: dict[str, str], made: list[str],
    expected: list[str],
) -> None:  # fmt: skip
    for name in made:
        (home / name).mkdir(parents=True)
    for name, value in variables.items():
        monkeypatch.setenv(name, str(home / value))
    monkeypatch.setattr(sys, "platform", platform)
    assert gimp.configurations() == [home / name for name in expected]


def test_gimp_programs_and_their_versions(program: Callable[[str, str], Path]) -> None:
    program("gimp", 'echo "GNU Image Manipulation Program version 2.10.34"')
    new = program("gimp-console-3.0", 'echo "GNU Image Manipulation Program version 3.0.4"')
    program("flatpak", '[ "$1" = info ] && printf "GIMP\\n\\n  ID: org.gimp.GIMP\\n  Version: 3.2.6\\n"')
    found = gimp.programs()
    assert [(one.packaging, one.version) for one in found] == [("native", (3, 0, 4)), ("flatpak", (3, 2, 6))]
    assert found[0].command == (str(new),)


def test_gimp_2_10_gets_the_plug_in_for_python_fu(home: Path) -> None:
    for name in ("3.0", "2.10"):
        (home / ".config/GIMP" / name).mkdir(parents=True)
    before = tree(home)
    assert gimp.older_configurations() == [home / ".config/GIMP/2.10"]
    new, old = plugin.install(gimp.configurations(), Path("python"), older=gimp.older_configurations())
    assert "gimpfu" in (old / "reverie.py").read_text(encoding="utf-8")
    assert "gimpfu" not in (new / "reverie.py").read_text(encoding="utf-8")
    assert (old / "reverie.py").stat().st_mode & 0o111
    assert (old / "shared/client.py").read_bytes() == (new / "shared/client.py").read_bytes()
    plugin.uninstall()
    assert tree(home) == before


def test_install_then_uninstall_leaves_everything_as_it_was(home: Path) -> None:
    for name in ("3.0/plug-ins/other", "3.2"):
        (home / ".config/GIMP" / name).mkdir(parents=True)
    (home / ".config/GIMP/3.0/plug-ins/other/other.py").write_text("mine")
    before = tree(home)

    targets = plugin.install(gimp.configurations(), Path("/clone/.venv/bin/python"))
    assert targets == [home / ".config/GIMP" / version / "plug-ins/reverie" for version in ("3.0", "3.2")]
    for target in targets:
        assert os.access(target / "reverie.py", os.X_OK)
        assert (target / "shared/places.py").read_bytes() == Path(places.__file__).read_bytes()
        dialog = "reverie_gimp/ui/dialog.py"
        assert (target / dialog).read_bytes() == (CLONE / "plugin/gimp3" / dialog).read_bytes()
        assert not os.access(target / dialog, os.X_OK)  # only the main file is a program
        for folder in (target, target / "shared"):  # as GIMP's Python does
            (folder / "__pycache__").mkdir()
            (folder / "__pycache__/module.cpython-313.pyc").write_bytes(b"compiled")
    record = json.loads(Path(places.install_record()).read_text())
    assert record["python"] == "/clone/.venv/bin/python"
    assert Path(record["package"]) == PACKAGE and Path(record["folder"]) == CLONE
    for name in (
        "backend.log",
        "plugin.log.1",
        "start.lock",
        "start.lock.5f3a",
        "ready.json",
        "ready.json.lock",
        "ready.17.part",
        "recent-styles.json",
    ):
        (Path(places.state_folder()) / name).write_text("left by the backend and the plug-in")
    preset = presets.own_path("Mine")
    presets.write(preset, "Mine", "dream", "", {})
    Path(preset).unlink()  # deleted again: the folder that was made for it is nobody's

    assert plugin.uninstall() == []
    assert tree(home) == before


def test_installing_twice_drops_what_the_new_version_has_not_and_still_uninstalls(home: Path) -> None:
    (home / ".config/GIMP/3.0").mkdir(parents=True)
    before = tree(home)
    (target,) = plugin.install(gimp.configurations(), Path("python"))
    stale = target / "shared/old.py"
    stale.write_text("of an older version")
    plugin.Account(plugin.manifest_file()).note(stale)
    main = target / "reverie.py"
    os.utime(main, (0, 0))
    plugin.install(gimp.configurations(), Path("python"))
    assert not stale.exists()
    assert main.stat().st_mtime > 0, "GIMP would go on with its record of the older plug-in"
    plugin.uninstall()
    assert tree(home) == before


def test_copies_that_a_newer_gimp_has_made_go_too(home: Path) -> None:
    """At its first start, GIMP 3.2 takes over 3.0's folders as they are."""
    for name in ("3.0/plug-ins/other", "3.2/plug-ins/other"):
        (home / ".config/GIMP" / name).mkdir(parents=True)
    before = tree(home)
    (home / ".config/GIMP/3.2").rename(home / "later")
    (target,) = plugin.install(gimp.configurations(), Path("python"))
    (home / "later").rename(home / ".config/GIMP/3.2")
    copy = home / ".config/GIMP/3.2/plug-ins/reverie"
    shutil.copytree(target, copy)
    (copy / "shared/__pycache__").mkdir()
    (copy / "shared/__pycache__/module.cpython-313.pyc").write_bytes(b"compiled")
    assert plugin.uninstall() == []
    assert tree(home) == before


def test_what_another_has_put_into_a_copy_stays(home: Path) -> None:
    for name in ("3.0", "3.2"):
        (home / ".config/GIMP" / name).mkdir(parents=True)
    (target,) = plugin.install([home / ".config/GIMP/3.0"], Path("python"))
    copy = home / ".config/GIMP/3.2/plug-ins/reverie"
    shutil.copytree(target, copy)
    (copy / "reverie.py").write_text("of a plug-in of my own")
    assert plugin.uninstall() == [copy]
    assert tree(copy) == {"reverie.py": b"of a plug-in of my own"}


def test_a_plug_in_folder_that_was_there_before_goes_when_nothing_else_is_in_it(home: Path) -> None:
    folder = home / ".config/GIMP/3.0/plug-ins/reverie"
    (folder / "shared").mkdir(parents=True)
    plugin.install(gimp.configurations(), Path("python"))
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__/module.cpython-313.pyc").write_bytes(b"compiled")
    assert plugin.uninstall() == []
    assert list(folder.parent.iterdir()) == []


def test_files_of_others_stay(home: Path) -> None:
    (home / ".config/GIMP/3.0").mkdir(parents=True)
    (target,) = plugin.install(gimp.configurations(), Path("python"))
    (target / "notes.txt").write_text("mine")
    assert target in plugin.uninstall()
    assert [path.name for path in target.iterdir()] == ["notes.txt"]


def test_a_link_to_a_working_copy_is_not_written_through(home: Path, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (home / ".config/GIMP/3.0/plug-ins").mkdir(parents=True)
    (home / ".config/GIMP/3.0/plug-ins/reverie").symlink_to(tmp_path / "work")
    with pytest.raises(Failure, match="is a link"):
        plugin.install(gimp.configurations(), Path("python"))
    assert list((tmp_path / "work").iterdir()) == []
