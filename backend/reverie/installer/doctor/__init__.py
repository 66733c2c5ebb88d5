"""Answers “why is the menu missing?” and “is my graphics processor used?”: one line and one fix for each finding."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from reverie.installer import gimp, torch_build
from reverie.installer.doctor.backend_checks import (
    check_backend,
    check_elsewhere,
    check_logs,
    check_record,
    check_service,
)
from reverie.installer.doctor.environment_checks import (
    check_environment,
    check_models,
    check_python,
    check_torch,
    check_weights,
)
from reverie.installer.doctor.finding import Finding
from reverie.installer.doctor.gimp_checks import check_gi, check_gimp, check_older_plugin, check_plugin
from reverie.installer.way import Way
from reverie.plugin.shared import places


def report(way: Way, *, as_json: bool) -> int:
    """Prints the findings; 0 when nothing is wrong, else 1."""
    findings = []
    for finding in examine(way):
        findings.append(finding)
        if not as_json:
            mark = {True: "✓", False: "✗", None: "–"}[finding.good]
            print(f"{mark} {finding.text}", flush=True)
            if finding.fix:
                print(f"    → {finding.fix}", flush=True)
    faults = [finding for finding in findings if finding.good is False]
    if as_json:
        print(json.dumps({"good": not faults, "findings": [vars(finding) for finding in findings]}, ensure_ascii=False))
    else:
        print(f"{len(faults)} thing(s) to mend." if faults else "All is well.")
    return 1 if faults else 0


def examine(way: Way) -> Iterator[Finding]:
    """Everything that has to be right, in the order in which one thing needs another."""
    build = torch_build.choose()
    if way.clone:
        yield check_python()
    complete = check_environment(way, build.kind)
    yield complete
    if complete.good:
        yield from check_torch(way, build)
        yield check_weights(way)
        yield check_models(way)
    programs, folders = gimp.programs(), gimp.configurations()
    yield check_gimp(way, programs, folders)
    if any(program.packaging == "native" for program in programs):
        yield check_gi()
    for folder in folders:
        yield from check_plugin(way, folder)
    for folder in gimp.older_configurations():
        yield check_older_plugin(way, folder)
    yield check_record(way)
    yield from check_service(way, programs)
    if Path(places.settings_file()).exists():
        yield check_elsewhere()
    elif complete.good:
        yield check_backend(way)
    yield from check_logs()
