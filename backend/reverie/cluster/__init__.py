"""Many machines: a cluster of Ray's paints what one machine would. The package is the extra `cluster`: what imports the
other files here asks `check_packages` first."""

from reverie import extras

_PACKAGES = {"ray": "ray"}  # the module, and what pip calls it


def check_packages() -> None:
    """Raises ReverieError that says what to install, where Ray is missing."""
    extras.check("A cluster needs", _PACKAGES, 250, "cluster")
