"""Imports go one way, and nothing imports each other: what pyproject.toml and plugin/.importlinter say of the rooms
holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from importlinter import cli

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch):
    monkeypatch.chdir(ROOT)


def test_the_rooms_of_the_backend_are_kept(capsys):
    code = cli.lint_imports(config_filename="pyproject.toml", cache_dir=None)
    assert code == cli.EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_the_rooms_of_the_plugin_are_kept(capsys, monkeypatch):
    for folder in ("plugin", "plugin/gimp3"):  # as the installed plug-in imports
        monkeypatch.syspath_prepend(str(ROOT / folder))
    code = cli.lint_imports(config_filename="plugin/.importlinter", cache_dir=None)
    assert code == cli.EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_a_broken_rule_is_found(tmp_path, capsys):
    """The engine may not be imported by what it stands on: here it is said the other way about."""
    rules = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    upside_down = rules.replace('"reverie.cli",\n', "").replace(
        '"reverie.errors",\n', '"reverie.errors",\n"reverie.cli",\n'
    )
    assert upside_down != rules
    (tmp_path / "pyproject.toml").write_text(upside_down, encoding="utf-8")
    assert cli.lint_imports(config_filename=str(tmp_path / "pyproject.toml"), cache_dir=None) != cli.EXIT_STATUS_SUCCESS
