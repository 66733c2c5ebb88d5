"""The words of the commands that let other programs use Reverie: `export`, `serve` and `gimp`."""

from __future__ import annotations

import argparse
from pathlib import Path

DEVICES = ["auto", "cpu", "cuda", "xpu", "mps"]


def add_export(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("export", help="write a style as an ONNX model, for other programs")
    command.add_argument("style", help="a fast style: see `styles`; or a picture")
    command.add_argument("-o", "--output", type=Path, required=True, help="a .onnx")
    command.add_argument("--size", type=int, help="longest side of what a picture's model paints, in pixels (768)")
    command.add_argument("--json", action="store_true", help="the outcome as one JSON object")


def add_serve(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("serve", help="serve GIMP and other programs over HTTP on this machine")
    command.add_argument("--host", default="127.0.0.1")
    command.add_argument("--port", type=int, default=0, help="0 takes a free one (0)")
    command.add_argument("--ready-file", type=Path, help="where to write port and token")
    command.add_argument("--idle-exit", type=float, default=1800, metavar="SECONDS", help="leave when unused (1800)")
    command.add_argument("--device", default="auto", choices=DEVICES)
    command.add_argument("--page", action="store_true", help="with a page for a browser, whose address is printed")
    command.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="another web page that may use it, such as https://example.org; several times for several",
    )


def add_gimp(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("gimp", help="put the plug-in into GIMP, examine it there, or take it away again")
    actions = command.add_subparsers(required=True, metavar="ACTION", dest="gimp")
    install = actions.add_parser("install", help="put the plug-in into every GIMP that is found")
    install.add_argument(
        "--service",
        action=argparse.BooleanOptionalAction,
        help="keep a backend running, for a GIMP that may not start programs (flatpak, snap); or no longer",
    )
    doctor = actions.add_parser("doctor", help="find out why the menu is missing, or the graphics processor unused")
    doctor.add_argument("--json", action="store_true", help="the findings as one JSON object")
    uninstall = actions.add_parser("uninstall", help="take the plug-in out of GIMP again")
    uninstall.add_argument("--models", action="store_true", help="delete the downloaded networks, too")
