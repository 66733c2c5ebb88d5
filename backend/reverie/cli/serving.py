"""The command `serve`."""

from __future__ import annotations

import argparse

from reverie.server import lifecycle


def serve(options: argparse.Namespace) -> None:
    lifecycle.serve(
        host=options.host,
        port=options.port,
        ready_file=options.ready_file,
        idle_exit=options.idle_exit,
        device=options.device,
        origins=options.allow_origin,
        with_page=options.page,
    )
