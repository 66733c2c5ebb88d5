"""Puts the plug-in, which lies beside the package in a checkout, into the wheel as `reverie.plugin`.

All else that setuptools needs to know is in pyproject.toml.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

DEVELOPMENT = ("__pycache__", ".*", "*.po", "*.pot", "catalogues.py", "mypy.ini")


class BuildWithPlugin(build_py):
    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            place = Path(self.build_lib) / "reverie" / "plugin"
            shutil.copytree("plugin", place, ignore=shutil.ignore_patterns(*DEVELOPMENT), dirs_exist_ok=True)


setup(cmdclass={"build_py": BuildWithPlugin})
