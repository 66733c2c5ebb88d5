"""Puts the plug-in into GIMP's folders, keeps account of every file and folder made, and takes back exactly those."""

from __future__ import annotations

import contextlib
import filecmp
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import reverie.plugin
from reverie import __version__
from reverie.installer import CLONE, PACKAGE, Failure, gimp
from reverie.installer.files import replace
from reverie.plugin.shared import places

NAME = "reverie"  # GIMP finds plug-ins/NAME/NAME.py only when the two names are the same
MAIN = f"{NAME}.py"
PLUGIN = Path(reverie.plugin.__file__).parent


def manifest_file() -> Path:
    return Path(places.state_folder()) / "manifest.json"


def sources(entry: str = "gimp3") -> Iterator[tuple[Path, Path]]:
    """The plug-in's files, each with its place in the plug-in's folder; `entry` is “gimp3” or, for 2.10, “gimp2”."""
    for folder, place, pattern in (
        (PLUGIN / entry, Path(), "*"),
        (PLUGIN / "shared", Path("shared"), "*"),
        (PLUGIN / "locale", Path("locale"), "*.mo"),
    ):
        for path in sorted(folder.rglob(pattern)):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path, place / path.relative_to(folder)


class Account:
    """The files and folders made, in order; saved after each, so that an interrupted install can be taken back too."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files: list[str] = []
        self.folders: list[str] = []
        with contextlib.suppress(FileNotFoundError):
            try:
                found = json.loads(path.read_text(encoding="utf-8"))
                self.files, self.folders = list(found["files"]), list(found["folders"])
            except (ValueError, KeyError, TypeError) as error:
                raise Failure(
                    f"{path}, the list of installed files, is damaged. Delete it and the folders plug-ins/{NAME} in "
                    "GIMP's configuration by hand, then run this again."
                ) from error

    def make_folder(self, folder: Path) -> None:
        """Makes a folder and what it lies in."""
        missing = [path for path in (folder, *folder.parents) if not path.exists()]
        for path in reversed(missing):
            path.mkdir()
            self.folders.append(str(path))

    def copy(self, source: Path, target: Path) -> None:
        self.make_folder(target.parent)
        self.note(target)
        # A new file time: GIMP reads a plug-in anew only when its main file is younger than GIMP's own record of it.
        shutil.copyfile(source, target)
        target.chmod(0o755 if target.name == MAIN else 0o644)

    def note(self, path: Path) -> None:
        if str(path) not in self.files:
            self.files.append(str(path))
        self.save()

    def save(self) -> None:
        self.make_folder(self.path.parent)
        replace(self.path, json.dumps({"files": self.files, "folders": self.folders}, indent=1))

    def take_back(self, path: Path) -> None:
        """Deletes one file, and the folders that were made for it and are empty now."""
        path.unlink(missing_ok=True)
        self.files = [name for name in self.files if name != str(path)]
        for folder in path.parents:
            if str(folder) not in self.folders or any(folder.iterdir()):
                break
            folder.rmdir()
            self.folders.remove(str(folder))
        self.save()

    def undo(self) -> list[Path]:
        """Deletes the files, what Python compiled of them, and the folders then empty; returns the folders left."""
        for name in self.files:
            Path(name).unlink(missing_ok=True)
        for name in self.folders:
            shutil.rmtree(Path(name) / "__pycache__", ignore_errors=True)
        self.path.unlink(missing_ok=True)
        left = []
        for name in reversed(self.folders):
            path = Path(name)
            if path.is_dir() and any(path.iterdir()):
                left.append(path)
            elif path.is_dir():
                path.rmdir()
        self.files, self.folders = [], []
        return left


def install(
    configurations: list[Path],
    python: Path,
    folder: Path = CLONE,
    older: Sequence[Path] = (),
    package: Path = PACKAGE,
) -> list[Path]:
    """Copies the plug-in into each configuration of GIMP 3, and of GIMP 2.10 (`older`), and writes the install record;
    returns the plug-in's folders. `python` runs the backend, `package`; `folder` is the clone, or what that lies in.

    Raises Failure when there is no plug-in to copy or a folder cannot be written.
    """
    files: dict[Path, list[tuple[Path, Path]]] = {}
    for parents, entry in ((configurations, "gimp3"), (older, "gimp2")):
        if not parents:
            continue
        own = list(sources(entry))
        if Path(MAIN) not in [place for _, place in own]:
            raise Failure(f"{PLUGIN / entry / MAIN} is missing: Reverie is not complete. Install it anew.")
        files |= {parent / "plug-ins" / NAME: own for parent in parents}
    targets = list(files)
    for target in targets:
        if target.is_symlink():
            raise Failure(f"{target} is a link that this installer did not make. Remove it and run the command again.")
    account = Account(manifest_file())
    try:
        _drop_stale(account, {str(target / place) for target in targets for _, place in files[target]})
        for target in targets:
            for source, place in files[target]:
                account.copy(source, target / place)
        record = Path(places.install_record())
        account.note(record)
        content = {"python": str(python), "package": str(package), "folder": str(folder), "version": __version__}
        replace(record, json.dumps(content, indent=1) + "\n")
    except OSError as error:
        raise Failure(
            f"“{error.filename}” cannot be written: {error.strerror}. Give yourself the right to write there (an "
            "earlier install with sudo?), then run the same command again."
        ) from error
    return targets


def _drop_stale(account: Account, wanted: set[str]) -> None:
    """Deletes files that an older version put into a plug-in's folder that stays."""
    folders = {str(Path(name).parent) for name in wanted}
    for name in [name for name in account.files if str(Path(name).parent) in folders and name not in wanted]:
        Path(name).unlink(missing_ok=True)
        account.files.remove(name)


def _copies(own: Sequence[Path]) -> Iterator[Path]:
    """The plug-in's files in folders that this installer knows nothing of: a newer GIMP copies those of an older one at
    its first start."""
    for parent in (*gimp.configurations(), *gimp.older_configurations()):
        folder = parent / "plug-ins" / NAME
        for path in own:
            copy = folder / path.relative_to(_plugin_folder(path))
            if copy not in own and copy.is_file() and path.is_file() and filecmp.cmp(path, copy, shallow=False):
                yield copy


def _plugin_folder(path: Path) -> Path:
    """The folder plug-ins/NAME that a file lies in."""
    return next(folder for folder in path.parents if folder.parent.name == "plug-ins" and folder.name == NAME)


def _prune(folder: Path) -> None:
    """Deletes what Python compiled, and folders with nothing in them: also those that were there before."""
    for path in [*sorted(folder.rglob("*"), reverse=True), folder]:
        if path.name == "__pycache__":
            shutil.rmtree(path, ignore_errors=True)
        elif path.is_dir() and not path.is_symlink() and not any(path.iterdir()):
            path.rmdir()


def uninstall() -> list[Path]:
    """Takes back what `install` made and what backend and plug-in left; returns folders that hold others' files."""
    state = Path(places.state_folder())
    for pattern in ("ready.json", "ready.json.lock", "start.lock*", "*.log*", "*.part", "recent-styles.json"):
        for path in state.glob(pattern):
            path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        (state / "presets").rmdir()  # it is the user's as long as one is in it
    account = Account(manifest_file())
    own = [Path(name) for name in account.files if f"/plug-ins/{NAME}/" in Path(name).as_posix()]
    copies = list(_copies(own))
    for path in copies:
        path.unlink(missing_ok=True)
    left = account.undo()
    for folder in {_plugin_folder(path) for path in own + copies}:
        _prune(folder)
        if folder.is_dir() and folder not in left:
            left.append(folder)
    left = [folder for folder in left if folder.is_dir()]
    if state.is_dir() and not any(state.iterdir()):
        state.rmdir()  # a backend that ran before the install has made it
    return left
