"""Fixtures for every test."""

from __future__ import annotations

import os
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
