"""The command `export`: the words of it. What needs the packages for ONNX is in `exporting.py`."""

from __future__ import annotations

import argparse
import importlib

from reverie import export as onnx


def export(options: argparse.Namespace) -> None:
    onnx.check_packages()
    importlib.import_module("reverie.cli.exporting").carry_out(options)
