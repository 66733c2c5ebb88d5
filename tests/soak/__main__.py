"""A backend under everything at once, for as long as one likes: is anything lost, does memory grow, does anything stay?

    python -m tests.soak --seconds 60         # as .ci/run does
    python -m tests.soak --seconds 600 --clients 8 --seed 3
    python -m tests.soak --jobs 500           # as many as are to be painted, however long it takes

Clients paint, cancel, drop their streams, send nonsense, send and listen slowly, while the backend is killed and
started again, and its disk is full (where a small one can be laid over its folder: as root, on Linux). Afterwards: each
job has ended as its client wished, or its backend was killed; the memory is given back, after a large job, too, and
where it is run for five minutes or by jobs, after rounds of small ones; the backend ends when it is told to, and
leaves nothing behind. Exits with 1, and says why, where that is not so.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import json
import math
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import requests
from reverie.plugin.shared import jobs, launcher
from reverie.plugin.shared.client import BackendError, Client

from tests.soak import memory
from tests.soak.orders import RECIPES, noise

ROOT = Path(__file__).resolve().parents[2]
SERVE = f"""
import math
from reverie.server import lifecycle
lifecycle._REST_AFTER = {memory.RESTS_AFTER}
lifecycle.serve(host="127.0.0.1", port=0, ready_file=None, idle_exit=math.inf, device="cpu")
"""


class Backend:
    """One that is killed now and then, and started again."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.turns = 0  # up by one before a kill, and by one after it
        self.start()

    def start(self) -> None:
        with (self.home.parent / "log").open("a") as log:
            cache = str(self.home.parent / "cache")
            settings = {**os.environ, "REVERIE_HOME": str(self.home), "XDG_CACHE_HOME": cache}
            self.process = subprocess.Popen([sys.executable, "-c", SERVE], cwd=ROOT, env=settings, stderr=log)

    def client(self) -> Client:
        """Of the backend that runs, once it answers."""
        for _ in range(1200):
            client, _ = launcher.find(str(self.home / "ready.json"), 5)
            if client is not None:
                return client
            time.sleep(0.1)
        raise AssertionError("no backend for two minutes")

    def address(self) -> tuple[str, dict[str, str]]:
        """For requests that the plug-in's client does not send: where, and with which headers."""
        ready = json.loads((self.home / "ready.json").read_text())
        return f"http://127.0.0.1:{ready['port']}/v1", {"Authorization": f"Bearer {ready['token']}"}

    def kill(self) -> None:
        self.turns += 1
        self.process.kill()
        self.process.wait()
        self.turns += 1
        self.start()


class Soak:
    """The clients, and what became of what they did."""

    def __init__(self, backend: Backend, seconds: float, count: int | None, seed: int) -> None:
        """It lasts for some seconds, or until `count` jobs are painted."""
        self.backend, self.seed = backend, seed
        self.until, self.count = math.inf if count else time.monotonic() + seconds, count or math.inf
        self.outcomes: collections.Counter[str] = collections.Counter()
        self.faults: list[str] = []

    def client(self, number: int) -> None:
        """One client's life."""
        rng = random.Random(f"{self.seed} {number}")
        deeds = [self.paint, self.paint, self.cancel, self.drop, self.nonsense, self.crawl, self.doze]
        while not self.is_over:
            deed, turns = rng.choice(deeds), self.backend.turns
            try:
                outcome = deed(rng, self.backend.client())
            except (BackendError, OSError, ValueError, KeyError, requests.RequestException) as error:
                time.sleep(0.5)
                if self.backend.turns == turns:
                    self.faults.append(f"{deed.__name__}: {error}")
                    continue
                outcome = "ended by a kill"
            except Exception as error:  # also of a client that is broken itself, and would find nothing from then on
                self.faults.append(f"{deed.__name__}: {error!r}")
                continue
            self.outcomes[f"{deed.__name__}: {outcome}"] += 1

    @property
    def is_over(self) -> bool:
        painted = self.outcomes["paint: done"] + self.outcomes["doze: done"]
        return time.monotonic() >= self.until or painted >= self.count

    def job(self, rng: random.Random) -> tuple[jobs.Job, int]:
        width, height = rng.randrange(24, 80), rng.randrange(24, 80)
        pictures = {name: noise(rng, 40, 40) for name in ("style", "other")}
        recipe = rng.choice(RECIPES)
        named = {name: pictures[name] for name in jobs.references(recipe)}
        return jobs.Job(noise(rng, width, height), named, {**recipe, "seed": rng.randrange(99)}), width * height * 3

    def paint(self, rng: random.Random, client: Client) -> str:
        job, size = self.job(rng)
        samples, recipe = jobs.run(client, job, lambda event: None, previews=rng.random() < 0.3)
        assert len(samples) == size, f"a result of {len(samples)} samples, and not of {size}"
        assert recipe["made_with"]["device"] == "cpu"
        return "done"

    def cancel(self, rng: random.Random, client: Client) -> str:
        root, headers = self.backend.address()
        image = client.add_picture(noise(rng, 60, 60))
        number = client.submit({**RECIPES[0], "style": [{"image": image}], "iterations": 400}, image)
        time.sleep(rng.random())
        requests.delete(f"{root}/jobs/{number}", headers=headers, timeout=30)
        last = list(client.events(number))[-1]["type"]
        assert last in ("cancelled", "done"), last
        return last

    def drop(self, rng: random.Random, client: Client) -> str:
        root, headers = self.backend.address()
        image = client.add_picture(noise(rng, 60, 60))
        number = client.submit({**RECIPES[0], "style": [{"image": image}], "iterations": 4000}, image)
        events = client.events(number)
        next(events)
        events.close()
        for _ in range(600):
            state = requests.get(f"{root}/jobs/{number}", headers=headers, timeout=30).json()["state"]
            if state in ("cancelled", "done"):
                return str(state)
            time.sleep(0.1)
        raise AssertionError(f"a job that nobody listens to is {state}")

    def nonsense(self, rng: random.Random, client: Client) -> str:
        try:
            client.add_picture(rng.randbytes(rng.randrange(2000)))
        except BackendError as error:
            if error.status != 422:
                raise
            return "refused"
        raise AssertionError("noise was taken for a picture")

    def doze(self, rng: random.Random, client: Client) -> str:
        """Listens to a job far slower than it tells of itself."""
        image = client.add_picture(noise(rng, 60, 60))
        number = client.submit({**RECIPES[0], "style": [{"image": image}], "iterations": 60}, image)
        last = ""
        for event in client.events(number):
            last = event["type"]
            time.sleep(0.3)
        assert last == "done", last
        return last

    def crawl(self, rng: random.Random, client: Client) -> str:
        """Sends half of a picture, byte by byte, and goes."""
        _, headers = self.backend.address()
        ready = json.loads((self.backend.home / "ready.json").read_text())
        with socket.create_connection(("127.0.0.1", ready["port"]), timeout=30) as connection:
            head = f"POST /v1/images HTTP/1.1\r\nHost: 127.0.0.1:{ready['port']}\r\nContent-Length: 1000\r\n"
            connection.sendall(f"{head}Authorization: {headers['Authorization']}\r\n\r\n".encode())
            for _ in range(rng.randrange(20)):
                connection.sendall(b"x")
                time.sleep(0.02)
        return "went"


@contextlib.contextmanager
def small_disk(folder: Path):
    """Lays a file system of a megabyte over a folder, where that is allowed; says whether it was."""
    words = ["mount", "-t", "tmpfs", "-o", "size=1m", "reverie-soak", str(folder)]
    try:
        laid = subprocess.run(words, capture_output=True).returncode == 0
    except OSError:
        laid = False
    try:
        yield laid
    finally:
        if laid:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> None:
    with contextlib.suppress(OSError), (folder / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))


def trouble(backend: Backend, soak: Soak, is_small: bool, every: float) -> None:
    """Fills the disk, makes room again, and kills the backend, as long as the clients work."""
    while time.monotonic() + every < soak.until and not soak.is_over:
        backend.client()
        if is_small:
            fill(backend.home)
        end = time.monotonic() + every
        while time.monotonic() < end and not soak.is_over:
            time.sleep(0.5)
        (backend.home / "filler").unlink(missing_ok=True)  # a start needs room
        backend.kill()


def judge(backend: Backend, soak: Soak, rounds: Sequence[str]) -> list[str]:
    """What is not as it should be, when all clients have gone."""
    faults, client = list(soak.faults), backend.client()
    if not any(outcome.startswith("paint: done") for outcome in soak.outcomes):
        faults.append("not one picture was painted")
    for _ in range(600):
        health = client.health(timeout=30)
        if not health["busy"] and not health["queue"]:
            break
        time.sleep(0.1)
    else:
        faults.append(f"jobs are left, though all clients have gone: {health}")
    faults += memory.faults_of(backend.process.pid, client, rounds)
    children = psutil.Process(backend.process.pid).children(recursive=True)
    client.shut_down()
    if backend.process.wait(timeout=60) != 0:
        faults.append(f"the backend ended with {backend.process.returncode}")
    if any(child.is_running() for child in children):
        faults.append(f"orphans: {children}")
    left = sorted(path.name for path in backend.home.iterdir())
    if left not in ([], ["ready.json.lock"]):
        faults.append(f"left in its folder: {left}")
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--jobs", type=int, help="painted jobs, instead of seconds")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        with small_disk(home) as is_small:
            backend = Backend(home)
            try:
                backend.client()
                soak = Soak(backend, options.seconds, options.jobs, options.seed)
                clients = [threading.Thread(target=soak.client, args=(number,)) for number in range(options.clients)]
                for client in clients:
                    client.start()
                trouble(backend, soak, is_small, max(15.0, options.seconds / 8))
                for client in clients:
                    client.join()
                for outcome, count in sorted(soak.outcomes.items()):
                    print(f"{count:5}  {outcome}")
                print(f"{backend.turns // 2} kills; the disk was {'full' if is_small else 'not made small'}")
                faults = judge(backend, soak, memory.ROUNDS if options.jobs or options.seconds >= 300 else ())
            finally:
                backend.process.kill()
                backend.process.wait()
        if faults:
            print("\n".join(faults), (Path(folder) / "log").read_text()[-3000:], sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
