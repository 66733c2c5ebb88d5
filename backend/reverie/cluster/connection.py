"""The connection to a cluster, and what room there is on its machines."""

from __future__ import annotations

import logging
import os
import socket
from typing import Any

import psutil
import ray

from reverie.errors import ReverieError

_SECONDS_TO_CONNECT = 5.0


def connect(address: str, threads: int) -> None:
    """Connects this process to the cluster at host:port, to the one that this machine belongs to (“auto”), or to one of
    its own (“local”), which has room for a worker of so many threads. Raises ReverieError where there is none."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would report to its makers
    own: dict[str, Any] = {"num_cpus": max(threads, psutil.cpu_count(logical=False) or 1), "include_dashboard": False}
    quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    try:
        _knock(address)
        ray.init(address=address, **quiet, **own if address == "local" else {})
    except (OSError, RuntimeError, ValueError) as error:
        raise ReverieError(
            f"No cluster can be reached at “{address}”: {str(error).splitlines()[0]}. Begin one with “ray start "
            "--head” on the first machine, join it here with “ray start --address HOST:PORT --num-cpus 0”, and give "
            "that address; or give “local”.",
            "cluster",
        ) from error
    # There is no switch for what Ray prints of lost workers, in the midst of what goes to standard output.
    ray._private.worker._worker_logs_enabled = False


def _knock(address: str) -> None:
    """Raises OSError or ValueError at once for an address at which nobody answers; Ray tries for minutes."""
    if address not in ("local", "auto"):
        host, _, port = address.rpartition(":")
        socket.create_connection((host, int(port)), _SECONDS_TO_CONNECT).close()


def room(device: str, threads: int) -> tuple[int, dict[str, float]]:
    """For how many workers there is room, and what each takes of its machine. Raises ReverieError where there is room
    for none."""
    machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
    processors = sum(int(machine.get("GPU", 0)) for machine in machines)
    if device == "cuda" or (device == "auto" and processors):
        if not processors:
            raise ReverieError("No machine of the cluster has a graphics processor; choose another --device.", "device")
        return processors, {"num_gpus": 1, "num_cpus": 0}
    places = sum(int(machine.get("CPU", 0)) // threads for machine in machines)
    if not places:
        raise ReverieError(
            f"No machine of the cluster has {threads} processors for a worker, as many as compute here. Set the "
            "environment variable OMP_NUM_THREADS to fewer, or give the machines more: “ray start --num-cpus”.",
            "cluster",
        )
    return places, {"num_cpus": threads}
