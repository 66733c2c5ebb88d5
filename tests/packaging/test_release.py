"""A release is one command; here of a small repository, for which the wheel is built already."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import reverie
import yaml

ROOT = Path(__file__).resolve().parents[2]
CHANGELOG = "# Changes\n\n## 1.1.0 (2026-12-24)\n\nFilms.\n\n## 1.0.0\n\nThe first.\n"


@pytest.fixture(scope="module")
def release() -> ModuleType:
    spec = importlib.util.spec_from_file_location("release", ROOT / "packaging" / "release.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def git(tmp_path: Path) -> Callable[..., None]:
    """Runs git in a repository of version 1.1.0, of which 1.0.0 is tagged."""
    root = tmp_path / "repository"
    (root / "docs").mkdir(parents=True)
    (root / "backend" / "reverie").mkdir(parents=True)
    (root / "docs" / "changelog.md").write_text(CHANGELOG)
    (root / "backend" / "reverie" / "__init__.py").write_text('"""Reverie."""\n\n__version__ = "1.1.0"\n')
    who = {f"GIT_{role}_{what}": "me" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

    def run(*words: str) -> None:
        subprocess.run(["git", "-C", root, *words], check=True, capture_output=True, env={**os.environ, **who})

    run("init", "-q")
    run("add", ".")
    run("commit", "-qm", "The first")
    run("tag", "v1.0.0")
    run("commit", "-qm", "Films do not flicker", "--allow-empty")
    run("commit", "-qm", "A mistake less\n\nIt was a long one.", "--allow-empty")
    return run


@pytest.fixture
def built(release: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of what takes long, and is tested with the wheel."""
    monkeypatch.setattr(release, "_build", lambda root, folder: (folder / "reverie.whl").write_bytes(b"wheel"))


def test_files_checksums_and_notes(release, git, built, tmp_path):
    made = release.make(tmp_path / "dist", tmp_path / "repository")
    assert [file.name for file in made] == ["reverie.whl", "SHA256SUMS", "NOTES.md"]
    assert made[1].read_text() == f"{hashlib.sha256(b'wheel').hexdigest()}  reverie.whl\n"
    assert made[2].read_text() == (
        "# Reverie 1.1.0\n\nFilms.\n\n## Every change since v1.0.0\n\n* A mistake less\n* Films do not flicker\n"
    )


def test_the_notes_of_a_tagged_version_are_the_same(release, git, built, tmp_path):
    git("tag", "v1.1.0")
    notes = release.make(tmp_path / "dist", tmp_path / "repository")[-1].read_text()
    assert "since v1.0.0" in notes and "* The first" not in notes


@pytest.mark.parametrize(
    ("plant", "says"),
    [
        (lambda root, git: git("tag", "v1.2.0"), "tagged v1.2.0"),
        (lambda root, git: (root / "new.py").touch(), r"not committed(.|\n)*new.py"),
        (lambda root, git: (root.parent / "dist" / "old.whl").touch(), "is not empty"),
    ],
    ids=["another tag", "changes", "something old"],
)
def test_what_is_no_release_is_told_in_a_sentence(release, git, built, tmp_path, plant, says):
    (tmp_path / "dist").mkdir()
    plant(tmp_path / "repository", git)
    with pytest.raises(SystemExit, match=says):
        release.make(tmp_path / "dist", tmp_path / "repository")


def test_a_version_that_the_changelog_does_not_know(release, git, tmp_path):
    with pytest.raises(SystemExit, match=r"has no “## 1\.1\.1”"):
        release.notes_of(tmp_path / "repository", "1.1.1")


def test_the_changelog_knows_this_version(release):
    assert release._version(ROOT) == reverie.__version__
    assert f"\n## {reverie.__version__}" in (ROOT / "docs" / "changelog.md").read_text(encoding="utf-8")


def test_the_workflow_does_the_same():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())
    runs = [step["run"] for step in workflow["jobs"]["release"]["steps"] if "run" in step]
    assert runs.index("python packaging/release.py") == 1 and "--notes-file dist/NOTES.md" in runs[2]
    found = subprocess.run(["grep", "^build==", "requirements-test.txt"], cwd=ROOT, capture_output=True, text=True)
    assert "grep ^build== requirements-test.txt" in runs[0] and found.stdout.count("\n") == 1
