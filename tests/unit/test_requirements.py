"""The lists of packages: one exact version of everything, for each Python that Reverie runs on.

Nothing is fetched: what a version needs is known from the packages that are installed here.
"""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
EXTRAS = ("requirements-cluster.txt", "requirements-film.txt", "requirements-onnx.txt", "requirements-test.txt")
LISTS = ("requirements.txt", *EXTRAS)
CONSTRAINTS = "constraints.txt"
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")


def lines(*names: str) -> list[Requirement]:
    texts = [line.partition("#")[0].strip() for name in names for line in (ROOT / name).read_text().splitlines()]
    return [Requirement(text) for text in texts if text]


def pins(python: str, *names: str) -> dict[str, str]:
    """The versions for a Python, by the package's name. Asserts that each is exact, and the only one."""
    environment = {**default_environment(), "python_version": python, "python_full_version": f"{python}.0"}
    found: dict[str, str] = {}
    for line in lines(*names):
        if line.marker is None or line.marker.evaluate(environment):
            name, (pin,) = canonicalize_name(line.name), line.specifier
            assert pin.operator == "==" and "*" not in pin.version, line
            assert name not in found, f"two lines for {name} on Python {python}"
            found[name] = pin.version
    return found


@pytest.mark.parametrize("python", PYTHONS)
def test_every_python_gets_the_same_packages_in_one_version_each(python):
    assert set(pins(python, *LISTS)) == {canonicalize_name(line.name) for line in lines(*LISTS)}
    assert set(pins(python, CONSTRAINTS)) == {canonicalize_name(line.name) for line in lines(CONSTRAINTS)}


@pytest.mark.parametrize("python", PYTHONS)
def test_no_version_is_wanted_on_a_python_that_it_does_not_support(python):
    """Judges the versions that are installed here, which are those of this Python."""
    for name, version in pins(python, *LISTS, CONSTRAINTS).items():
        try:
            installed = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # for another system or Python
        supported = installed.metadata["Requires-Python"]
        if supported and installed.version.split("+")[0] == version:
            assert SpecifierSet(supported).contains(f"{python}.0"), f"{name} {version} wants Python {supported}"


def test_what_the_packages_need_in_turn_is_pinned():
    """torch's own libraries (CUDA, triton) are left out: torch names their versions itself."""
    own = set(pins("3.11", *LISTS))
    needed, todo = set(), sorted(own)
    while todo:
        try:
            requires = importlib.metadata.requires(todo.pop()) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # not for this machine
        for line in map(Requirement, requires):
            name = canonicalize_name(line.name)
            wanted = line.marker is None or line.marker.evaluate({"extra": ""})
            if wanted and name not in needed | own and not name.startswith(("nvidia-", "cuda-", "triton")):
                needed.add(name)
                todo.append(name)
    assert needed <= set(pins("3.11", CONSTRAINTS))
    assert "starlette" in needed
