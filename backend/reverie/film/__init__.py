"""Films: read and written with PyAV, kept steady along the optical flow that OpenCV finds. Both packages are the extra
`film`: what imports the other files here asks `check_packages` first."""

from __future__ import annotations

import importlib.util
import sys

from reverie.errors import ReverieError

_PACKAGES = {"av": "av", "cv2": "opencv-python-headless"}  # the module, and what pip calls it


def check_packages() -> None:
    """Raises ReverieError that says what to install, where one of the packages for films is missing."""
    missing = [name for module, name in _PACKAGES.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise ReverieError(
            "Films need PyAV and OpenCV (about 100 MB), and not all of it is installed. Give the command "
            f"“{sys.executable} -m pip install {' '.join(missing)}”, and then this one again."
        )
