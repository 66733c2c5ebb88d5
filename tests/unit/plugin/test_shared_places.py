"""Where plug-in, backend and installer meet, on each system."""

from __future__ import annotations

import os
import sys

import pytest
from reverie.plugin.shared import places


@pytest.fixture(autouse=True)
def bare(monkeypatch):
    for name in ("REVERIE_HOME", "SNAP_REAL_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", os.path.join(os.sep, "home", "ada"))


@pytest.mark.skipif(sys.platform == "win32", reason="paths of Linux and macOS")
@pytest.mark.parametrize(
    ("platform", "settings", "folder"),
    [
        ("linux", {}, "/home/ada/.config/GIMP/reverie"),
        ("linux", {"XDG_CONFIG_HOME": "/sandbox"}, "/home/ada/.config/GIMP/reverie"),
        ("linux", {"HOME": "/home/ada/snap/gimp/1", "SNAP_REAL_HOME": "/home/ada"}, "/home/ada/.config/GIMP/reverie"),
        ("linux", {"REVERIE_HOME": "/elsewhere"}, "/elsewhere"),
        ("darwin", {}, "/home/ada/Library/Application Support/GIMP/reverie"),
        ("win32", {"APPDATA": "/roaming"}, "/roaming/GIMP/reverie"),
    ],
)
def test_the_state_folder(monkeypatch, platform, settings, folder):
    monkeypatch.setattr(sys, "platform", platform)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert places.state_folder() == folder
    assert places.ready_file() == folder + "/ready.json"
    assert places.settings_file() == folder + "/settings.json"
    assert places.install_record() == folder + "/install.json"
