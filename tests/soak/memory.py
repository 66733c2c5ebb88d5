"""What a backend holds once it rests."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

import psutil
from reverie.plugin.shared import jobs
from reverie.plugin.shared.client import Client

from tests.soak.orders import RECIPES, noise

MOST = 600 << 20  # bytes that a backend at rest may hold
ROUNDS = ("20 small jobs", "40", "60")
GROWS = 30 << 20  # bytes that a round may leave: allocators do not give back the same to the byte
RESTS_AFTER = 5  # seconds, instead of a minute


def faults_of(process: int, client: Client, rounds: Sequence[str]) -> list[str]:
    """What is wrong with what the backend holds at rest: after all, after a large job, after rounds of small ones."""
    held, rng = {"all": at_rest(process)}, random.Random(0)
    large = {"style": [{"image": "style"}], "method": "instant"}
    jobs.run(client, jobs.Job(noise(rng, 2000, 1500), {"style": noise(rng, 400, 300)}, large), lambda event: None)
    held["a large job"] = at_rest(process)
    for each in rounds:
        for _ in range(20):
            small = {**rng.choice(RECIPES), "seed": 1}
            named = {name: noise(rng, 40, 40) for name in jobs.references(small)}
            jobs.run(client, jobs.Job(noise(rng, 60, 60), named, small), lambda event: None)
        held[each] = at_rest(process)
    print("at rest the backend holds " + ", ".join(f"{size >> 20} MB after {what}" for what, size in held.items()))
    faults = [f"{size >> 20} MB are held at rest after {what}" for what, size in held.items() if size > MOST]
    if rounds and held[rounds[-1]] > held[rounds[0]] + GROWS:
        faults.append(f"the memory grows: {held}")
    return faults


def at_rest(process: int) -> int:
    """Bytes that a process holds once it rests."""
    time.sleep(RESTS_AFTER + 4)
    return int(psutil.Process(process).memory_info().rss)
