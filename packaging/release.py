"""Makes a release: `python packaging/release.py [FOLDER]` puts what is given out into a folder (dist/ by default).

That is the source distribution and the wheel (`python -m build`), the zip with the plug-in, SHA256SUMS, and NOTES.md:
what docs/changelog.md says of the version, and the log since the last tag. The version is `__version__` in
backend/reverie/__init__.py. Needs git and the package build. .github/workflows/release.yml does the same for a tag, and
publishes it.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_ZIP = """
import pathlib, sys
from reverie.installer import plugin_zip
plugin_zip.make(*map(pathlib.Path, sys.argv[1:]))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(".")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "dist")
    print(*make(parser.parse_args().folder), sep="\n")


def make(folder: Path, root: Path = ROOT) -> list[Path]:
    """The files of a release of the checkout, made in an empty or new folder. Exits with a sentence when it is not one
    that can be released."""
    version = _version(root)
    _check(root, folder, version)
    notes = notes_of(root, version)
    folder.mkdir(parents=True, exist_ok=True)
    _build(root, folder)
    given = sorted(folder.iterdir())
    sums = folder / "SHA256SUMS"
    sums.write_text("".join(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in given))
    (folder / "NOTES.md").write_text(notes, encoding="utf-8")
    return [*given, sums, folder / "NOTES.md"]


def notes_of(root: Path, version: str) -> str:
    """What docs/changelog.md says of a version, and the first lines of the commits since the last tag, merges left
    out."""
    text = (root / "docs" / "changelog.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(version)}\b[^\n]*\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if found is None:
        sys.exit(f"docs/changelog.md has no “## {version}”: write what is new in it, first.")
    last = _last_tag(root, version)
    log = _git(root, "log", "--no-merges", "--format=* %s", *([f"{last}..HEAD"] if last else []))
    since = f"Every change since {last}" if last else "Every change"
    return f"# Reverie {version}\n\n{found[1].strip()}\n\n## {since}\n\n{log}"


def _version(root: Path) -> str:
    found = re.search(r'^__version__ = "(.+)"$', (root / "backend/reverie/__init__.py").read_text(), re.MULTILINE)
    assert found, "no version"
    return found[1]


def _check(root: Path, folder: Path, version: str) -> None:
    if folder.is_dir() and any(folder.iterdir()):
        sys.exit(f"{folder} is not empty: move away what is in it, so that nothing old gets into the release.")
    if changed := _git(root, "status", "--porcelain"):
        sys.exit(f"There are changes that are not committed, which a release would hold and its log not:\n{changed}")
    tags = _git(root, "tag", "--points-at", "HEAD").split()
    if tags and f"v{version}" not in tags:
        sys.exit(f"This commit is tagged {', '.join(tags)}, and its __version__ is {version}: change one of them.")


def _last_tag(root: Path, version: str) -> str | None:
    """The last tag before this version's own."""
    words = ["git", "-C", str(root), "describe", "--tags", "--abbrev=0", "--match", "v*", "--exclude", f"v{version}"]
    done = subprocess.run(words, capture_output=True, text=True)
    return done.stdout.strip() or None


def _build(root: Path, folder: Path) -> None:
    """The source distribution, the wheel out of it, and the zip that sets it up, dated as the commit is: who builds the
    wheel again gets the same to the byte."""
    dated = {**os.environ, "SOURCE_DATE_EPOCH": _git(root, "log", "-1", "--format=%ct").strip()}
    subprocess.run([sys.executable, "-m", "build", "--outdir", str(folder), str(root)], check=True, env=dated)
    (wheel,) = folder.glob("*.whl")
    own = {**dated, "PYTHONPATH": str(root / "backend")}  # of this checkout, which need not be installed
    subprocess.run([sys.executable, "-c", _ZIP, str(wheel), str(folder)], check=True, env=own)


def _git(root: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
