"""Fixtures for every test."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

os.environ["LANGUAGE"] = "en"  # the sentences that tests expect, whatever the language of this machine

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of test pictures and weights beside the checkout; what needs it is skipped without it."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs ../shared (test pictures and weights), which is not beside this checkout")
    return folder


@pytest.fixture
def fill_disk() -> Iterator[Callable[..., None]]:
    """Lays a file system of a few KiB over a folder, and fills it; the files named in `keep` are there before. Where
    that is not allowed, the test is skipped."""
    mounted: list[Path] = []

    def fill(folder: Path, keep: tuple[str, ...] = ()) -> None:
        kept = {name: (folder / name).read_bytes() for name in keep}
        try:
            words = ["mount", "-t", "tmpfs", "-o", "size=16k", "reverie-full", str(folder)]
            subprocess.run(words, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("a full disk is a small file system of its own, which only root may mount, on Linux")
        mounted.append(folder)
        for name, data in kept.items():
            (folder / name).write_bytes(data)
            (folder / name).chmod(0o600)  # as what holds a token has to be
        with contextlib.suppress(OSError), (folder / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(bytes(512))

    yield fill
    for folder in mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest come first: else the last one keeps one worker busy while the other has nothing."""
    long = ("tests/gimp/", "tests/unit/training/")
    items.sort(key=lambda item: next((place for place, part in enumerate(long) if part in item.nodeid), len(long)))
