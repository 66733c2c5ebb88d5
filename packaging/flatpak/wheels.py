"""Lists the packages that go into the flatpak: `python packaging/flatpak/wheels.py` writes wheels.json beside itself.

flatpak-builder fetches nothing but what a list names, each file with its checksum. pip says which files those of
requirements.txt are for the Python of GIMP's runtime, and where they lie; PyTorch's own index has its build for the
CPU. To be run again with each release.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
INDEX = "https://download.pytorch.org/whl/cpu"
MANYLINUX = ("2_28", "2_27", "2_17", "2_12", "2_5")  # which the runtime's C library serves
OLDER_NAMES = ("2014", "2010", "1")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(".")[0])
    parser.add_argument("--python", default="3.13", help="the version of the runtime's Python (3.13)")
    parser.add_argument("--machine", default=platform.machine(), help=f"x86_64 or aarch64 ({platform.machine()})")
    given = parser.parse_args()
    found = sources(_report(given.python, given.machine), given.machine)
    (HERE / "wheels.json").write_text(json.dumps(found, indent=4) + "\n", encoding="utf-8")
    print(f"{len(found)} packages are in {HERE / 'wheels.json'}.")


def sources(report: dict[str, Any], machine: str) -> list[dict[str, Any]]:
    """What flatpak-builder is to fetch, of what pip says that it would install. Exits with a sentence where a file has
    no checksum."""
    found = []
    for each in report["install"]:
        file = each["download_info"]
        checksum = file.get("archive_info", {}).get("hashes", {}).get("sha256")
        if checksum is None:
            sys.exit(f"The index says no SHA-256 of {file['url']}, without which a flatpak takes no file.")
        source = {"type": "file", "url": file["url"], "sha256": checksum, "dest": "wheels"}
        if not file["url"].split("#")[0].endswith("-any.whl"):
            source["only-arches"] = [machine]
        found.append(source)
    return sorted(found, key=lambda source: source["url"])


def _report(python: str, machine: str) -> dict[str, Any]:
    tags = [f"manylinux_{each}_{machine}" for each in MANYLINUX] + [
        f"manylinux{each}_{machine}" for each in OLDER_NAMES
    ]
    platforms = [word for tag in tags for word in ("--platform", tag)]
    with tempfile.TemporaryDirectory() as folder:
        words = [
            *(sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--ignore-installed"),
            *("--report", f"{folder}/report.json", "--target", folder, "--only-binary", ":all:"),
            *("--python-version", python, "--implementation", "cp", *platforms, "--extra-index-url", INDEX),
            *("-r", str(ROOT / "requirements.txt"), "-c", str(ROOT / "constraints.txt")),
        ]
        if subprocess.run(words, check=False).returncode:
            sys.exit("pip has not found all packages, as it says above; wheels.json stays as it was.")
        report: dict[str, Any] = json.loads(Path(folder, "report.json").read_text(encoding="utf-8"))
    return report


if __name__ == "__main__":
    main()
