"""A cluster of two machines, both of them this one, for tests."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psutil
import pytest
import torch
from ray.cluster_utils import Cluster

os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}  # other tests must not starve them
STORE = 100 << 20  # bytes


class Machines:
    """Two of Ray's machines with a processor each; `address` is that of the cluster."""

    def __init__(self) -> None:
        own = {"num_cpus": 1, "object_store_memory": STORE, "include_dashboard": False}
        self._cluster = Cluster(initialize_head=True, head_node_args=own)
        self._cluster.add_node(**own)
        self.address = self._cluster.address

    def workers(self, doing: str = "") -> list[psutil.Process]:
        """The processes of workers; of those alone that are doing something, as Ray calls it."""
        found = []
        for process in psutil.process_iter(["cmdline", "ppid"]):
            title = " ".join(process.info["cmdline"] or [])
            if title.startswith(f"ray::Worker{doing}") and process.info["ppid"] in self._raylets():
                found.append(process)
        return found

    def _raylets(self) -> set[int]:
        nodes = self._cluster.list_all_nodes()
        return {info.process.pid for node in nodes for info in node.all_processes["raylet"]}

    def processes(self) -> list[psutil.Process]:
        """All that belong to the cluster."""
        own = [
            info.process.pid
            for node in self._cluster.list_all_nodes()
            for infos in node.all_processes.values()
            for info in infos
        ]
        return [each for pid in own for each in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]]

    def stop(self) -> None:
        self._cluster.shutdown()


@pytest.fixture(name="machines", scope="session")
def machines_fixture() -> Iterator[Machines]:
    """The cluster, one for all tests: it takes seconds to start. It leaves no process behind."""
    machines = Machines()
    yield machines
    processes = machines.processes()
    machines.stop()
    _, alive = psutil.wait_procs(processes, timeout=60)
    assert alive == []


@pytest.fixture(name="one_thread", scope="module")
def one_thread_fixture() -> Iterator[None]:
    """One thread computes: each of the two machines has one processor."""
    usual = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(usual)
