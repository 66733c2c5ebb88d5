"""Styles as ONNX models, which paint in other programs and on other devices. What is written down here is computed by
the engine otherwise: tests, and each export, compare the two. The packages for it are the extra `onnx`: what imports
the other files here asks `check_packages` first."""

from reverie import extras

_PACKAGES = {"onnx_ir": "onnx-ir", "onnxruntime": "onnxruntime"}  # the module, and what pip calls it


def check_packages() -> None:
    """Raises ReverieError that says what to install, where one of the packages for ONNX is missing."""
    extras.check("An export needs", _PACKAGES, 120)
