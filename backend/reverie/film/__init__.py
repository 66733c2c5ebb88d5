"""Films: read and written with PyAV, kept steady along the optical flow that OpenCV finds. Both packages are the extra
`film`: what imports the other files here asks `check_packages` first."""

from reverie import extras

_PACKAGES = {"av": "av", "cv2": "opencv-python-headless"}  # the module, and what pip calls it


def check_packages() -> None:
    """Raises ReverieError that says what to install, where one of the packages for films is missing."""
    extras.check("Films need", _PACKAGES, 100)
