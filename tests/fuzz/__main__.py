"""Files that are damaged at random, for everything that reads what others have made: is each refused in a sentence?

    python -m tests.fuzz --seconds 30                    # for each reader
    python -m tests.fuzz --seconds 600 --only pictures --seed 7

The same seed damages the same files in the same way. What fails is kept in a folder, which is named. Exits with 1 where
something did.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import warnings
from pathlib import Path

from tests.fuzz.readers import READERS
from tests.fuzz.runs import inputs, tried


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seconds", type=float, default=30.0, help="for each reader")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=READERS, action="append", help="a reader; may be given several times")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    kept = Path(tempfile.mkdtemp(prefix="reverie-fuzz-"))
    found: list[tuple[str, str]] = []
    for name in options.only or READERS:
        end, count, refused, slowest = time.monotonic() + options.seconds, 0, 0, 0.0
        with tempfile.TemporaryDirectory() as folder:
            for data in inputs(name, options.seed):
                if time.monotonic() > end:
                    break
                begun = time.monotonic()
                fault = tried(READERS[name], data, Path(folder))
                slowest = max(slowest, time.monotonic() - begun)
                count += 1
                refused += fault == ""
                if fault and (name, fault) not in found:
                    file = kept / f"{len(found)}"
                    file.write_bytes(data)
                    found.append((name, fault))
                    print(f"{name}: {fault} ({file})", flush=True)
        print(f"{name}: {count} inputs, {refused} refused, the slowest took {slowest:.2f} s", flush=True)
    print(f"{len(found)} failures" + (f", kept in {kept}" if found else ""))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
