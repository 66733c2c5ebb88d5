"""Styles as ONNX models, which paint in other programs and on other devices. What is written down here is computed by
the engine otherwise: tests, and each export, compare the two. The packages for it are the extra `onnx`: what imports
the other files here asks `check_packages` first."""

from __future__ import annotations

import importlib.util
import sys

from reverie.errors import ReverieError

_PACKAGES = {"onnx_ir": "onnx-ir", "onnxruntime": "onnxruntime"}  # the module, and what pip calls it


def check_packages() -> None:
    """Raises ReverieError that says what to install, where one of the packages for ONNX is missing."""
    missing = [name for module, name in _PACKAGES.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise ReverieError(
            "An export needs onnx-ir and onnxruntime (about 120 MB), and not all of it is installed. Give the command "
            f"“{sys.executable} -m pip install {' '.join(missing)}”, and then this one again."
        )
