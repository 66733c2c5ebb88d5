"""Nothing is installed but files whose checksums are known beforehand."""

from __future__ import annotations

import re
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename
from reverie.installer import CLONE, Failure, checksums
from reverie.installer.environment import Environment

from tests.unit.installer.stand_ins import (
    checksum,
    clone_fixture,  # noqa: F401
    home_fixture,  # noqa: F401
    web_fixture,  # noqa: F401
    wheel,
)
from tests.unit.installer.test_zip_commands import pip, zip_folder_fixture  # noqa: F401
from tests.unit.test_requirements import CONSTRAINTS, PYTHONS, pins

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the environment's Python is in bin/")


def change(file: Path) -> None:
    """Another file of the same name, as whoever breaks into an index puts it there."""
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("more.py", "print('taken over')")


def installed(made: Environment) -> set[str]:
    return {path.name.split("-")[0] for path in made.folder.glob("lib/*/site-packages/*.dist-info")} - {"pip"}


def test_a_file_of_a_pinned_package_that_was_changed_is_not_installed(clone: Path, tmp_path: Path) -> None:
    change(tmp_path / "wheels" / "numpy-2.4.6-py3-none-any.whl")
    made = Environment(clone)
    with pytest.raises(Failure, match="What came is none of the files that Reverie was made with"):
        made.ensure()
    assert installed(made) <= {"setuptools"}, "those that come with the environment"
    assert made.fault("cpu")[0] == "rebuild"


def test_one_that_nobody_has_looked_at_is_not_installed(clone: Path, tmp_path: Path) -> None:
    (tmp_path / "wheels" / "numpy-2.4.6-py3-none-any.whl").unlink()
    wheel(tmp_path / "wheels", "numpy", "2.4.7")
    with pytest.raises(
        Failure, match=r"pip would install numpy 2\.4\.7, which this version of Reverie was not made with"
    ):
        Environment(clone).ensure()


def test_where_one_source_has_another_file_the_other_sources_is_taken(clone: Path, tmp_path: Path, web: Any) -> None:
    """Some sources make wheels of their own: piwheels, for a Raspberry Pi."""
    true = tmp_path / "wheels" / "numpy-2.4.6-py3-none-any.whl"
    web.pages["/simple/numpy/"] = f'<a href="/files/{true.name}#sha256={checksum(true)}">{true.name}</a>'.encode()
    web.pages[f"/files/{true.name}"] = true.read_bytes()
    change(true)
    made = Environment(clone)
    made.ensure()
    assert "numpy" in installed(made)
    assert not list(made.folder.glob("lib/*/site-packages/more.py"))


def test_torch_has_to_be_the_file_that_its_index_announced(clone: Path, tmp_path: Path, web: Any) -> None:
    """It is not in the list; the address of the file names its checksum, and the file is another."""
    better = wheel(tmp_path, "torch", "2.13.0+cpu")
    web.pages["/whl/cpu/torch/"] = (
        f'<a href="/whl/cpu/torch/{better.name}#sha256={checksum(better)}">{better.name}</a>'.encode()
    )
    change(better)
    web.pages[f"/whl/cpu/torch/{better.name}"] = better.read_bytes()
    made = Environment(clone)
    with pytest.raises(Failure, match="What came is none of the files"):
        made.ensure()
    assert "torch" not in installed(made)


def test_of_what_has_no_checksum_it_is_said(
    zip_folder: Path, tmp_path: Path, web: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of an index that tells what torch needs without its file, and no checksum; asked by the pip of the zip."""
    better = wheel(tmp_path, "torch", "2.13.0+cpu")
    link = f'<a href="/whl/cpu/torch/{better.name}" data-core-metadata="true">{better.name}</a>'
    web.pages["/whl/cpu/torch/"] = link.encode()
    web.pages[f"/whl/cpu/torch/{better.name}"] = better.read_bytes()
    web.pages[f"/whl/cpu/torch/{better.name}.metadata"] = b"Metadata-Version: 2.1\nName: torch\nVersion: 2.13.0+cpu\n"
    made = Environment(zip_folder)
    made.ensure()
    assert "No checksum is known of torch==2.13.0+cpu" in capsys.readouterr().out
    assert {"torch", "numpy"} <= installed(made)
    assert made.fault("cpu") == ("", "")


def test_a_new_list_is_a_reason_to_look_again(clone: Path) -> None:
    made = Environment(clone)
    made.ensure()
    with (clone / "checksums.txt").open("a") as file:
        file.write(f"{'0' * 64}  pillow-13.0.0-py3-none-any.whl\n")
    assert made.fault("cpu") == ("update", "the list of packages has changed")


@pytest.mark.parametrize("python", PYTHONS)
def test_every_package_that_is_pinned_has_its_files_in_the_list(python: str) -> None:
    known = checksums.read(CLONE / checksums.FILE)
    assert all(re.fullmatch("[0-9a-f]{64}", each) for each in known.values())
    listed: dict[str, set[str]] = {}
    for name in known:
        parse = parse_wheel_filename if name.endswith(".whl") else parse_sdist_filename
        listed.setdefault(canonicalize_name(parse(name)[0]), set()).add(str(parse(name)[1]))
    own = pins(python, "requirements.txt")
    assert set(own) - {"torch"} <= set(listed)
    for name, version in {**own, **pins(python, CONSTRAINTS)}.items():
        assert name not in listed or version in listed[name], f"run packaging/checksums.py: {name} {version} is missing"
    tag = f"cp{python.replace('.', '')}"
    for system in ("manylinux", "macosx", "win_amd64"):
        numpy = f"numpy-{own['numpy']}-{tag}-{tag}-{system}"
        assert any(name.startswith(numpy) for name in known), f"{numpy} is missing"
