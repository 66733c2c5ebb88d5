"""The plug-in's shared half under Python 2.7, which GIMP 2.10 brings on Windows and macOS."""

from __future__ import annotations

import glob
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from reverie.plugin.shared import npy

from tests.stand_in_backend import FALSE, PNG, TOKEN, running, write_private

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = bytes(range(208, 256))  # no text in any encoding

JOB = """# -*- coding: utf-8 -*-
from __future__ import print_function
import json, sys
from plugin.shared import client, geometry, jobs, launcher, npy, places

samples = bytes(bytearray(range(208, 256)))
style = u"/Bilder/Nächte.jpg"
job = jobs.Job(npy.pack(samples, 3, 2, 4, "u2"), {style: b"a style"}, {"style": [{"image": style}]})
heard = []
back, recipe = jobs.run(launcher.connect(), job, heard.append, previews=True)
try:
    jobs.read_file("/nowhere/Nächte.jpg")
except client.BackendError as error:
    refusal = error.args[0]
print(json.dumps({
    "version": list(sys.version_info[:2]),
    "same": back == samples,
    "types": [event["type"] for event in heard],
    "png": len(heard[1]["png"]),
    "style": recipe["style"][0]["image"],
    "area": geometry.work_area((400, 300, 100, 80), 1000, 768),
    "folder": places.state_folder(),
    "refused": refusal,
}))
"""


@pytest.fixture(scope="module")
def python2() -> str:
    candidates = [shutil.which("python2.7"), *glob.glob(os.path.expanduser("~/.pyenv/versions/2.7.*/bin/python2.7"))]
    for candidate in candidates:
        if candidate and subprocess.run([candidate, "-c", ""], capture_output=True, check=False).returncode == 0:
            return candidate
    pytest.skip("there is no Python 2.7 here, which GIMP 2.10 brings on some systems")


def test_a_whole_job(python2, tmp_path):
    with running() as server:
        server.events = [{"type": "started"}, {"type": "preview"}, {"type": "done", "recipe": {"seed": 0}}]
        ready = {"host": "127.0.0.1", "port": server.port, "token": TOKEN}
        write_private(tmp_path / "ready.json", json.dumps(ready))
        (tmp_path / "job.py").write_text(JOB, encoding="utf-8")
        done = subprocess.run(
            [python2, str(tmp_path / "job.py")],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT), "REVERIE_HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        )
        assert done.returncode == 0, done.stderr
        content = server.pictures[server.jobs[0]["content"]]
    assert content == npy.pack(SAMPLES, 3, 2, 4, "u2")  # to the byte as Python 3 packs it
    assert json.loads(done.stdout) == {
        "version": [2, 7],
        "same": True,
        "types": ["started", "preview", "done"],
        "png": len(PNG),
        "style": "/Bilder/Nächte.jpg",
        "area": [368, 268, 164, 144],
        "folder": str(tmp_path),
        "refused": "The style picture “/nowhere/Nächte.jpg” cannot be read: No such file or directory.",
    }


def test_a_false_server_is_shown_neither_token_nor_picture(python2, tmp_path):
    code = (
        "import sys\nfrom plugin.shared import client\n"
        "try:\n    client.Client('127.0.0.1', int(sys.argv[1]), u'secret').add_picture(b'a picture')\n"
        "except client.BackendError as error:\n    print(error.args[0])\n"
    )
    with running() as server:
        server.health.update(FALSE)
        command = [python2, "-c", code, str(server.port)]
        settings = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, env=settings)
    assert "is not Reverie's backend" in done.stdout
    assert server.requests == [("GET", "/v1/health", None)]


def test_a_start_that_fails_shows_the_log(python2, tmp_path):
    program = tmp_path / "Pythön"
    program.write_text("#!/bin/sh\necho fällt aus; exit 1\n", encoding="utf-8")
    program.chmod(0o755)
    (tmp_path / "install.json").write_text(json.dumps({"python": str(program), "folder": str(ROOT)}))
    code = (
        "# -*- coding: utf-8 -*-\nfrom plugin.shared import client, launcher\n"
        "try:\n    launcher.connect()\nexcept client.BackendError as error:\n"
        "    import io, sys; io.open(sys.argv[1], 'w', encoding='utf-8').write(error.args[0])\n"
    )
    (tmp_path / "start.py").write_text(code, encoding="utf-8")
    done = subprocess.run(
        [python2, str(tmp_path / "start.py"), str(tmp_path / "said")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "REVERIE_HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stderr
    said = (tmp_path / "said").read_text(encoding="utf-8")
    assert "could not start" in said
    assert "fällt aus" in said


def test_a_moved_folder_is_told(python2, tmp_path):
    (tmp_path / "install.json").write_text(json.dumps({"python": "/nowhere/Pythön", "folder": "/nowhere"}))
    code = (
        "import json\nfrom plugin.shared import client, launcher\n"
        "try:\n    launcher.connect()\nexcept client.BackendError as error:\n    print(json.dumps(error.args[0]))\n"
    )
    done = subprocess.run(
        [python2, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "REVERIE_HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert "“/nowhere/Pythön” is gone" in json.loads(done.stdout)
