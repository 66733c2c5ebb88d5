"""What pip would fetch is known, and how large it is, before anything is fetched."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from reverie.installer import Failure, pip
from reverie.installer.pip import Fetched, Pip

from tests.unit.installer.stand_ins import web_fixture, wheel  # noqa: F401


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    return folder


@pytest.fixture
def foresee(tmp_path: Path, wheels: Path) -> Any:
    """With the pip of the tests' own Python, which knows of nothing but that folder, and what is named."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    made = Pip(Path(sys.executable), tmp_path / "log", {**variables, "PIP_CONFIG_FILE": os.devnull})
    return lambda *words: made.foresee("2.13.0", ["--no-index", "--find-links", str(wheels), *words])


def test_the_build_for_the_cpu(foresee: Any, wheels: Path, tmp_path: Path) -> None:
    file = wheel(wheels, "torch", "2.13.0+cpu", "sympy")  # for the CPU, what it needs is not even looked for
    assert foresee() == Fetched("2.13.0+cpu", 1, file.stat().st_size, 0, cuda=False)
    assert list(tmp_path.glob("*.json")) == []


def test_the_build_for_cuda_counts_with_what_it_needs(foresee: Any, wheels: Path) -> None:
    files = [wheel(wheels, "torch", "2.13.0", "nvidia-cublas==13.0"), wheel(wheels, "nvidia_cublas", "13.0")]
    assert foresee() == Fetched("2.13.0", 2, sum(file.stat().st_size for file in files), 0, cuda=True)


def test_what_another_system_needs_does_not_count(foresee: Any, wheels: Path) -> None:
    wheel(wheels, "torch", "2.13.0", 'nvidia-cublas==13.0; platform_system == "Elsewhere"')
    assert foresee().cuda is False and foresee().packages == 1


@pytest.mark.parametrize("tells", [True, False])
def test_sizes_come_from_the_index_where_it_tells_them(foresee: Any, tmp_path: Path, web: Any, tells: bool) -> None:
    file = wheel(tmp_path, "torch", "2.13.0+cpu")
    web.pages[f"/{file.name}"], web.tells_sizes = file.read_bytes(), tells
    web.pages["/torch.html"] = f'<a href="/{file.name}">{file.name}</a>'.encode()
    found = foresee("--find-links", f"{web.address}/torch.html")
    assert (found.size, found.unknown) == ((file.stat().st_size, 0) if tells else (0, 1))


def test_a_pip_that_cannot_tell_is_not_asked(foresee: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pip, "_TELLS_BEFOREHAND", (99, 0))
    assert foresee() is None


def test_a_torch_that_is_nowhere_is_a_sentence(foresee: Any) -> None:
    with pytest.raises(Failure, match="pip found no such package"):
        foresee()


@pytest.mark.parametrize(
    ("fetched", "says"),
    [
        (Fetched("2.13.0+cpu", 1, 191_794_682, 0, False), "torch 2.13.0+cpu (192 MB)"),
        (Fetched("2.13.0", 20, 4_800_000_000, 0, True), "torch 2.13.0 and 19 packages that it needs (4.8 GB)"),
        (Fetched("2.13.0", 3, 900_000_000, 1, True), "2 packages that it needs (900 MB, without 1 whose size"),
        (Fetched("2.13.0", 1, 0, 1, False), "torch 2.13.0 (how large, the index does not say)"),
    ],
)
def test_sizes_in_words(fetched: Fetched, says: str) -> None:
    assert says in str(fetched)
