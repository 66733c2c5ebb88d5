"""Is the backend's environment complete, does torch see the graphics processor, are there weights, and are those that
come with Reverie in order?"""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from reverie import __version__
from reverie.installer import PACKAGE, Failure, torch_build
from reverie.installer.doctor.finding import Finding
from reverie.installer.environment import Environment, clean_environment, require_venv
from reverie.installer.way import Way

ANSWER_SECONDS = 120


def check_python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    try:
        require_venv()
    except Failure as failure:
        return Finding("python", False, f"Python {version}", str(failure))
    return Finding("python", True, f"Python {version} ({sys.executable})")


def check_environment(way: Way, kind: str) -> Finding:
    """Of a package, pip has seen to it."""
    if way.clone is None:
        return Finding("environment", True, f"The backend's environment is {sys.prefix}, with Reverie {__version__}")
    environment = Environment(way.clone)
    todo, why = environment.fault(kind)
    if todo:
        text = f"The environment {environment.folder} is not ready: {why}."
        return Finding("environment", False, text, f"Run: {way.install}")
    return Finding("environment", True, f"The environment {environment.folder} is complete")


TORCH_QUESTION = """
import json, torch
own = next((each for each in (torch.cuda, torch.xpu) if each.is_available()), None)
print(json.dumps({"version": torch.__version__, "cuda": torch.version.cuda, "hip": torch.version.hip,
                  "xpu": torch.version.xpu, "gpu": own is not None, "name": own and own.get_device_name(0),
                  "mps": torch.backends.mps.is_available()}))
"""


def check_torch(way: Way, build: torch_build.Build) -> Iterator[Finding]:
    """Does torch's build suit the hardware, and does it see the graphics processor?"""
    result = ask(way.python, ["-c", TORCH_QUESTION])
    try:
        torch = json.loads(last_line(result.stdout))
    except ValueError:
        text = f"torch does not start: {last_line(result.stderr)}"
        yield Finding("torch", False, text, _to_have_torch_anew(way, build))
        return
    builds = {"cuda": "cuda", "hip": "rocm", "xpu": "xpu", "mps": "mps"}
    has = next((kind for name, kind in builds.items() if torch[name]), "cpu")
    text = f"torch {torch['version']} is built for {has}; this machine: {build.reason}"
    if build.kind in ("cuda", "rocm", "xpu") and has != build.kind:
        fix = (
            f"PyTorch's own package index, {torch_build.WHEELS}, has the build for {build.kind}, but for some systems. "
            f"When it can be reached: {_to_have_torch_anew(way, build)}"
        )
        yield Finding("torch", False, text, fix)
    else:
        yield Finding("torch", True, text)
    if torch["gpu"] or torch["mps"]:
        yield Finding("gpu", True, f"The graphics processor is used: {torch['name'] or 'Apple (Metal)'}")
    elif build.kind == "cpu":
        yield Finding("gpu", None, f"The CPU does the work: {build.reason}")
    else:
        fix = (
            "Look at the driver (nvidia-smi or rocminfo must work for this user; AMD and Intel need the group “render” "
            "on Linux), reboot."
        )
        yield Finding("gpu", False, f"torch does not see the graphics processor: {build.reason}", fix)


def _to_have_torch_anew(way: Way, build: torch_build.Build) -> str:
    """What a person does for another build of torch."""
    if way.clone:
        return f"Delete {Environment(way.clone).folder} and run: {way.install}"
    version = importlib.metadata.version("torch").partition("+")[0]
    index = f" --index-url {torch_build.WHEELS}/{build.indexes[0]}" if build.indexes else ""
    return f'Run: "{way.python}" -m pip install --force-reinstall --no-deps torch=={version}{index}'


def check_weights(way: Way) -> Finding:
    result = ask(way.python, ["-m", "reverie", "networks", "--json"])
    try:
        networks = json.loads(result.stdout)["networks"] if result.returncode == 0 else None
    except (ValueError, KeyError, TypeError):
        networks = None
    if networks is None:
        said = last_line(result.stderr or result.stdout)
        return Finding("weights", False, f"The networks cannot be listed: {said}", _to_have_reverie_anew(way))
    at_hand = [network["name"] for network in networks if network["available"]]
    if not at_hand:
        fix = "Connect to the internet for the first picture, or name a folder with weights in REVERIE_WEIGHTS."
        return Finding("weights", False, "No network's weights are on this machine", fix)
    return Finding("weights", True, f"Weights are at hand for {', '.join(at_hand)}")


MODELS_QUESTION = """
import sys, torch
from reverie.errors import ReverieError
from reverie.fast import codec, styles
try:
    styles.base()
    codec.load(codec.BUNDLED, torch.device("cpu"))
except ReverieError as error:
    sys.exit(error.message)
"""


def check_models(way: Way) -> Finding:
    """Can what comes with Reverie be read: the encoder, its decoder, the network of the fast styles? A clone may lack
    one, and a copy may have been cut short; the first painting would be the one to say so."""
    result = ask(way.python, ["-c", MODELS_QUESTION])
    if result.returncode != 0:
        return Finding("models", False, last_line(result.stderr), _to_have_reverie_anew(way))
    return Finding("models", True, "The encoder, its decoder and the fast styles, which come with Reverie, can be read")


def _to_have_reverie_anew(way: Way) -> str:
    """What a person does for files that are damaged or missing."""
    return "Run: git status; git pull" if way.clone else "Run: pip install --force-reinstall --no-deps reverie"


def ask(python: Path, words: list[str]) -> subprocess.CompletedProcess[str]:
    """What the backend's Python says; the exit status 1 when it does not run, or hangs."""
    try:
        return subprocess.run(
            [python, *words], cwd=PACKAGE.parent, env=clean_environment(),
            capture_output=True, encoding="utf-8", errors="replace", timeout=ANSWER_SECONDS,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(words, 1, "", str(error))


def last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it says nothing"
