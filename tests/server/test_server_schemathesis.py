"""Requests made up from /openapi.json, right ones and wrong ones: no answer is a 500, nor one that is not described."""

# ruff: noqa: F811 - a test's argument is the fixture imported
from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path

import platformdirs
from live import TOKEN, Controlled, npy, running, small  # noqa: F401 (fixture)
from reverie.fast import styles
from reverie.server import lessons
from reverie.tools import atlas

HERE = Path(__file__).resolve().parent
PHASES = "coverage,fuzzing,stateful"


def test_no_answer_is_an_error_of_the_server_or_not_described(small, tmp_path, monkeypatch):
    """The real server and queue; only the painting, and what is learnt, are a stand-in's."""
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_, **__: tmp_path)
    monkeypatch.setattr(styles, "folder", lambda: tmp_path)
    monkeypatch.setattr(lessons.training, "practice", lambda order: None)
    monkeypatch.setattr(lessons.training, "train", lambda *given: None)
    monkeypatch.setattr(atlas, "QUICK", atlas.Effort("quick", (56,), 2, 0.03))
    controlled = Controlled()
    controlled.release.set()
    with running(controlled) as backend:
        picture = backend.upload(small)
        job = backend.submit(picture)
        backend.wait(job, "done")
        known = {
            "REVERIE_TEST_JOB": job,
            "REVERIE_TEST_PICTURE": picture,
            "REVERIE_TEST_BYTES": base64.b64encode(npy(small)).decode(),
            "PYTHONPATH": str(HERE),
        }
        command = [
            sys.executable,
            "-m",
            "schemathesis.cli",
            "--config-file",
            HERE / "schemathesis.toml",
            "--no-color",
            "run",
        ]
        words = ["--phases", PHASES, "--warnings", "off", "--header", f"Authorization: Bearer {TOKEN}"]
        address = f"http://127.0.0.1:{backend.port}/openapi.json"
        ran = subprocess.run(
            [*command, address, *words], env={**os.environ, **known}, cwd=tmp_path, capture_output=True, text=True
        )
    assert ran.returncode == 0, ran.stdout + ran.stderr
