"""The flatpak's manifest: its commands are carried out here, outside of flatpak-builder, and what they make is started
as the plug-in in a sandboxed GIMP does."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from reverie import __version__
from reverie.installer import plugin_zip

from tests.packaging.conftest import _share_packages

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "packaging" / "flatpak"
NAME = "org.gimp.GIMP.Plugin.Reverie"
MANIFEST = json.loads((HERE / f"{NAME}.json").read_text(encoding="utf-8"))

START = """
import json, sys
sys.path.insert(0, sys.argv[1])
from shared import bundled, launcher, programs, set_up
programs.is_sandboxed = lambda: True
client = launcher.connect()
print(json.dumps([client.health()["version"], launcher.record(), len(bundled.styles()), set_up.is_wanted()]))
"""


@pytest.fixture(scope="module")
def built(installed, tmp_path_factory) -> Path:
    """What the manifest's commands make, in the place of the prefix; packages that are fetched elsewhere are those of
    this environment."""
    folder = tmp_path_factory.mktemp("flatpak")
    archive = plugin_zip.make(installed.wheel, folder)
    (module,) = MANIFEST["modules"]
    packed, own, listed = module["sources"]
    assert (HERE / packed["path"]).resolve() == ROOT / "dist" / archive.name  # the version is that of this release
    assert __version__ in archive.name
    shutil.unpack_archive(archive, folder)
    source = folder / "reverie"  # the archive's one folder, which flatpak-builder takes off
    shutil.copy(HERE / own["path"], source)
    shutil.copytree(installed.needs, source / "wheels")
    assert listed == "wheels.json"
    place = folder / "Reverie"
    place.mkdir()
    for command in module["build-commands"]:
        variables = {"PATH": os.environ["PATH"], "FLATPAK_DEST": str(place), "HOME": str(folder)}
        done = subprocess.run(
            command, shell=True, cwd=source, env=variables, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    _share_packages(place / "environment")
    return place


def test_gimp_finds_a_plug_in_that_is_called_as_its_folder_without_an_installer(built):
    prefix = Path(MANIFEST["build-options"]["prefix"])
    assert NAME.endswith(f".{prefix.name}") and built.name == prefix.name
    assert os.access(built / f"{prefix.name}.py", os.X_OK)
    assert sorted(path.name for path in built.iterdir()) == sorted(
        [f"{prefix.name}.py", "environment", "install.json", "locale", "reverie_gimp", "share", "shared"]
    )
    (about,) = built.glob("share/metainfo/*.xml")
    read = ElementTree.parse(about).getroot()
    assert (read.findtext("id"), read.findtext("extends")) == (NAME, MANIFEST["runtime"])


@pytest.mark.skipif(shutil.which("appstreamcli") is None, reason="appstreamcli is not installed")
def test_its_description_is_valid():
    """Releases are not in it: one without its date is not valid, and the date is not known before."""
    done = subprocess.run(
        ["appstreamcli", "validate", "--no-net", HERE / f"{NAME}.metainfo.xml"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_sandboxed_gimp_starts_the_backend_that_is_beside_the_plug_in(built, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    elsewhere = {"python": "/nowhere", "package": "/nowhere", "version": "0"}
    (home / "install.json").write_text(json.dumps(elsewhere))  # of an installation outside, which cannot be started
    variables = {**os.environ, "REVERIE_HOME": str(home), "LANGUAGE": "en"}
    done = subprocess.run(
        [sys.executable, "-c", START, str(built)], capture_output=True, text=True, env=variables, timeout=120
    )
    try:
        assert done.returncode == 0, done.stderr
        version, record, styles, wanted = json.loads(done.stdout)
        assert version == __version__
        assert record["python"] == str(built / "environment" / "bin" / "python")
        assert Path(record["package"]).is_relative_to(built / "environment")
        assert styles >= 12
        assert not wanted
    finally:
        ready = home / "ready.json"
        if ready.exists():
            os.kill(json.loads(ready.read_text())["pid"], signal.SIGTERM)


def test_without_one_beside_it_a_sandboxed_gimp_starts_nothing(built, tmp_path):
    place = shutil.copytree(built, tmp_path / "plain", ignore=shutil.ignore_patterns("environment", "install.json"))
    home = tmp_path / "home"
    home.mkdir()
    (home / "install.json").write_text(json.dumps({"python": sys.executable, "package": "", "version": "0"}))
    variables = {**os.environ, "REVERIE_HOME": str(home), "LANGUAGE": "en"}
    done = subprocess.run(
        [sys.executable, "-c", START, str(place)], capture_output=True, text=True, env=variables, timeout=120
    )
    assert "This GIMP is sandboxed" in done.stderr
    assert not (home / "ready.json").exists()


def test_every_package_is_listed_with_its_checksum_and_those_of_one_machine_for_it_alone(capsys):
    spec = importlib.util.spec_from_file_location("wheels", HERE / "wheels.py")
    assert spec is not None and spec.loader is not None
    wheels = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(wheels)

    def entry(url: str, **hashes: str) -> dict:
        return {"download_info": {"url": url, "archive_info": {"hashes": hashes}}}

    plain, made = "https://example.org/rich-15.0.0-py3-none-any.whl", "https://example.org/a-1-cp313-x.whl"
    found = wheels.sources({"install": [entry(plain, sha256="12"), entry(made, sha256="34")]}, "x86_64")
    assert found == [
        {"type": "file", "url": made, "sha256": "34", "dest": "wheels", "only-arches": ["x86_64"]},
        {"type": "file", "url": plain, "sha256": "12", "dest": "wheels"},
    ]
    with pytest.raises(SystemExit, match="no SHA-256 of"):
        wheels.sources({"install": [entry(plain, md5="12")]}, "x86_64")
