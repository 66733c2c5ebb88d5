"""The wheel in an environment of its own, outside the checkout, with an empty home and without a network."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import time
import urllib.request
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from tests.unit.film import clips

ROOT = Path(__file__).resolve().parents[2]
INSTANT = ["--style", "ink", "--method", "instant", "--size", 48]
DATA = (".safetensors", ".jpg", ".json", ".txt", ".md", ".html", ".css", ".js", ".svg")


def test_the_wheel_has_one_name_at_the_top_and_everything_in_it(installed):
    names = zipfile.ZipFile(installed.wheel).namelist()
    info = "-".join(installed.wheel.name.split("-")[:2]) + ".dist-info"
    assert {name.split("/")[0] for name in names} == {"reverie", info}
    package = ROOT / "backend" / "reverie"
    data = [path for path in package.rglob("*") if path.suffix in DATA]
    code = list(package.rglob("*.py"))
    assert {f"reverie/{path.relative_to(package)}" for path in [*data, *code]} <= set(names)
    plugin = [path for part in ("gimp3", "gimp2", "shared") for path in (ROOT / "plugin" / part).rglob("*.py")]
    plugin += (ROOT / "plugin" / "locale").rglob("*.mo")
    assert len(data) > 25 and len(code) > 100 and len(plugin) > 30
    assert {f"reverie/plugin/{path.relative_to(ROOT / 'plugin')}" for path in plugin} <= set(names)


def test_the_packages_for_films_for_onnx_and_for_clusters_are_extras(installed):
    with zipfile.ZipFile(installed.wheel) as wheel:
        (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        described = wheel.read(name).decode()
    assert "Provides-Extra: film" in described
    assert re.search(r"Requires-Dist: av==[\d.]+; .*extra == .film.", described)
    assert "Provides-Extra: onnx" in described
    assert re.search(r"Requires-Dist: onnx-ir==[\d.]+; .*extra == .onnx.", described)
    assert "Provides-Extra: cluster" in described
    assert re.search(r"Requires-Dist: ray.*==[\d.]+; .*extra == .cluster.", described)


def test_every_bundled_network_is_in_the_wheel_with_its_card(installed):
    names = zipfile.ZipFile(installed.wheel).namelist()
    for model in ("decoder", "fast", "reverie"):
        assert {f"reverie/models/{model}.safetensors", f"reverie/models/{model}.md"} <= set(names)
    models = {name for name in names if name.startswith("reverie/models/") and name.endswith(".safetensors")}
    assert len(models) == 3, "a new one is to be named here, and has a card"


def test_it_is_this_package_that_runs(installed):
    done = subprocess.run(
        [installed.python, "-c", "import reverie, reverie.plugin.shared as s; print(reverie.__path__, s.__file__)"],
        cwd=installed.folder, env=installed.variables, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert str(ROOT) not in done.stdout and str(installed.folder) in done.stdout
    module = subprocess.run(
        [installed.python, "-m", "reverie", "--version"],
        cwd=installed.folder, env=installed.variables, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert module.stdout == installed.run("--version").stdout != ""


def test_a_photo_is_painted_by_name_without_network_or_checkout(installed, photo):
    done = installed.run("style", photo, "--style", "ink", "-o", "out.png", "--size", 96, "--iterations", 4)
    assert done.returncode == 0, done.stderr
    with Image.open(installed.folder / "out.png") as picture:
        assert max(picture.size) == 96
        assert picture.convert("L").getextrema() != (0, 0)
    for name, words in (("fast", ["--fast", "udnie"]), ("instant", ["--style", "ink", "--method", "instant"])):
        done = installed.run("style", photo, *words, "-o", f"{name}.png", "--size", 96)
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def album(installed, photo) -> Path:
    """Two small photos in a folder, and a film of two frames beside it."""
    folder = installed.folder / "album"
    folder.mkdir()
    with Image.open(photo) as picture:
        for name in ("a.jpg", "b.jpg"):
            picture.resize((64, 48)).save(folder / name)
    clips.write(installed.folder / "clip.mp4", clips.moving(2))
    return folder


@pytest.mark.parametrize(
    ("words", "outputs"),
    [
        (["style", "album", *INSTANT, "-o", "many"], ["many/a.jpg", "many/b.jpg", "many/reverie.json"]),
        (["film", "clip.mp4", *INSTANT, "-o", "film.mp4"], ["film.mp4"]),
        (["export", "udnie", "-o", "udnie.onnx"], ["udnie.onnx"]),
    ],
    ids=["many photos", "a film", "a model"],
)
def test_more_ways_to_paint_work_out_of_the_wheel(installed, album, words, outputs):
    done = installed.run(*words)
    assert done.returncode == 0, done.stderr
    assert all((installed.folder / name).stat().st_size > 200 for name in outputs)


def test_it_paints_from_standard_input_to_standard_output(installed, album):
    done = subprocess.run(
        installed.command("style", "-", *INSTANT, "-o", "-"), input=(album / "a.jpg").read_bytes(),
        cwd=installed.folder, env=installed.variables, capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with Image.open(io.BytesIO(done.stdout)) as picture:
        assert picture.size == (48, 36)


def test_it_serves_its_page(installed):
    command = installed.command("serve", "--page", "--device", "cpu")
    variables = {**installed.variables, "REVERIE_HOME": str(installed.folder / "page")}
    with subprocess.Popen(command, cwd=installed.folder, env=variables, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().split()[-1]
            for path in ("/", "/page/main.js"):
                with urllib.request.urlopen(address.partition("/#token=")[0] + path, timeout=30) as answer:
                    assert len(answer.read()) > 200
        finally:
            process.terminate()


PAINT = """
image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file("landscape.jpg"))
status = call("plug-in-reverie-style", image, image.get_layers(), style_file=file("ink.jpg"), size=64, iterations=6)
answer(status=status, layers=len(image.get_layers()))
"""


def test_it_serves_and_puts_the_plug_in_into_a_real_gimp_which_paints(installed, gimp):
    home, config = gimp.folder / "home", gimp.folder / "config"
    variables = {"REVERIE_HOME": str(home), "GIMP3_DIRECTORY": str(config)}
    done = installed.run("gimp", "install", **variables)
    assert done.returncode == 0, done.stderr
    assert (config / "plug-ins" / "reverie" / "reverie.py").stat().st_mode & 0o111
    record = json.loads((home / "install.json").read_text())
    assert record["python"] == str(installed.python)
    assert Path(record["package"]).is_relative_to(installed.folder) and (Path(record["package"]) / "demo").is_dir()
    for name in ("ink.jpg", "landscape.jpg"):
        shutil.copy(Path(record["package"]) / "demo" / name, gimp.folder)

    # As the plug-in starts it, outside of the tree that GIMP may live in.
    command = [record["python"], "-m", "reverie", "serve", "--device", "cpu"]
    log = (installed.folder / "backend.log").open("w")
    process = subprocess.Popen(command, cwd=home, env={**installed.variables, **variables}, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while not (home / "ready.json").exists():
            assert process.poll() is None and time.monotonic() < deadline, Path(log.name).read_text()
            time.sleep(0.05)
        port = json.loads((home / "ready.json").read_text())["port"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/health", timeout=10) as answer:
            assert json.load(answer)["protocol"] == 2
        said = gimp.run(PAINT)
        assert said["status"][0], said["status"]
        assert said["layers"] == 2
        done = installed.run("gimp", "doctor", "--json", **variables)
        found = {finding["name"]: finding for finding in json.loads(done.stdout)["findings"]}
        assert found["record"]["good"] and found["backend"]["good"], found
        assert found["weights"]["good"] and found["models"]["good"], found
        done = installed.run("gimp", "uninstall", **variables)
        assert done.returncode == 0, done.stderr
        assert process.wait(timeout=20) == 0
        assert not (config / "plug-ins" / "reverie").exists()
        assert not (home / "install.json").exists()
    finally:
        process.kill()
        process.wait()
        log.close()
