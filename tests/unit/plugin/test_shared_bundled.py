"""The plug-in finds what comes with Reverie, wherever it is installed, and was when a path was recorded."""

from __future__ import annotations

import json

import pytest
from reverie.plugin.shared import bundled


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Makes a package with a picture and a preset, and the record that leads to it."""
    monkeypatch.setenv("REVERIE_HOME", str(tmp_path))

    def made(place: str, /, **record: str):
        folder = tmp_path / place
        for name in ("demo/ink.jpg", "demo/landscape.jpg", "presets/bold.json"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).touch()
        (tmp_path / "install.json").write_text(json.dumps({k: str(tmp_path / v) for k, v in record.items()}))
        return folder

    return made


@pytest.mark.parametrize(
    ("package", "record"),
    [
        ("site-packages/reverie", {"package": "site-packages/reverie", "folder": "site-packages"}),
        ("clone/backend/reverie", {"folder": "clone"}),  # as an earlier version wrote it
        ("clone/backend", {"folder": "clone"}),  # and one before that
    ],
)
def test_pictures_and_presets_are_found_by_each_installers_record(install, package, record):
    folder = install(package, **record)
    assert bundled.styles() == [str(folder / "demo/ink.jpg")]
    assert bundled.style("ink") == str(folder / "demo/ink.jpg")
    assert bundled.style("landscape") is None
    assert bundled.folder("presets") == str(folder / "presets")


@pytest.mark.parametrize("record", [None, "[]", "{}", "not JSON"])
def test_without_an_installation_there_are_none(tmp_path, monkeypatch, record):
    monkeypatch.setenv("REVERIE_HOME", str(tmp_path))
    if record is not None:
        (tmp_path / "install.json").write_text(record)
    assert bundled.styles() == []
    assert bundled.present("/old/backend/demo/ink.jpg") == "/old/backend/demo/ink.jpg"


def test_a_recorded_picture_is_the_bundled_one_of_its_name_and_not_looked_for(install, tmp_path, monkeypatch):
    here = str(install("reverie", package="reverie") / "demo/ink.jpg")
    for gone in ("/old/backend/demo/ink.jpg", "/old/reverie/demo/ink.jpg", r"C:\old\backend\demo\ink.jpg"):
        assert bundled.present(gone) == here
    for other in ("/my/ink.jpg", "/old/backend/demo/unknown.jpg", "/old/backend/demo/ink.png", "/my/demo/ink.jpg"):
        assert bundled.present(other) == other
    seen = []
    monkeypatch.setattr("os.path.exists", lambda path: seen.append(path) or path == here)
    assert bundled.present(r"\\elsewhere\share\reverie\demo\ink.jpg") == here
    assert [path for path in seen if not path.endswith("install.json")] == [here]
