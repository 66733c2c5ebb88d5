"""What is held while things die: the user's image, and the backend's time."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from pathlib import Path

import pytest

from tests.stand_in_backend import FALSE, running, write_private

LONG = """
image = load(); layer = image.get_layers()[0]
before = digest(layer)
status = paint(image, [layer], size=256, iterations=10000)
answer(status=status, names=names(image), same=digest(layer) == before)
"""


def test_the_backend_killed_mid_job_leaves_the_image_as_it_was(gimp, backend):
    process = gimp.start(LONG)
    backend.wait(lambda: backend.health()["busy"], 60)
    backend.process.send_signal(signal.SIGKILL)
    output, _ = process.communicate(timeout=60)
    said = gimp.result(output)
    assert not said["status"][0]
    assert "The backend ended in the middle of the job" in said["status"][1] or "broke" in said["status"][1]
    assert said["names"] == ["landscape"]
    assert said["same"]
    backend.process.wait()


def plugin_process(gimp) -> int:
    """The id of the plug-in's process, which runs a job; that of this GIMP, whatever other tests run beside."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            if f"{gimp.folder.name}/config/plug-ins/reverie/reverie.py".encode() in (process / "cmdline").read_bytes():
                return int(process.name)
    raise AssertionError("the plug-in does not run")


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="the plug-in's process is found in /proc")
def test_the_plug_in_killed_mid_job_stops_the_job_within_two_seconds_and_gimp_goes_on(gimp, backend):
    process = gimp.start(LONG)
    backend.wait(backend.paints, 60)
    os.kill(plugin_process(gimp), signal.SIGKILL)  # as GIMP's own Cancel does
    assert backend.wait(lambda: not backend.health()["busy"], 10) < 2.5
    output, _ = process.communicate(timeout=60)
    said = gimp.result(output)
    assert not said["status"][0]
    assert said["names"] == ["landscape"]
    assert said["same"]


def test_gimp_killed_mid_job_stops_the_job_within_two_seconds(gimp, backend):
    process = gimp.start(LONG)
    backend.wait(backend.paints, 60)
    process.send_signal(signal.SIGKILL)
    assert backend.wait(lambda: not backend.health()["busy"], 10) < 2.5
    process.communicate(timeout=60)


MEANWHILE = """
from reverie_gimp import run
from reverie_gimp.gimp.results import NewLayers
from reverie_gimp.gimp.sources import selected_sources
from shared.refusals import Refusal
image = load(); layer = image.get_layers()[0]
image.convert_precision(Gimp.Precision.U16_NON_LINEAR); image.set_color_profile(Gimp.ColorProfile.new_rgb_adobe())
image.select_rectangle(Gimp.ChannelOps.REPLACE, 300, 200, 100, 80)
other = load()

class Meanwhile(NewLayers):
    def add(self, result):
        CHANGE
        super().add(result)

procedure = Gimp.get_pdb().lookup_procedure("plug-in-reverie-style")
config = procedure.create_config(); config.set_property("style-file", file(STYLE))
sources = selected_sources(image, [layer])
try:
    mode = Gimp.RunMode.NONINTERACTIVE
    run.work(procedure, "plug-in-reverie-style", procedure, config, sources, mode, Meanwhile(mode))
    answer(said="inserted")
except Refusal as refusal:
    made = [each for each in Gimp.get_images() if each not in (image, other)]
    new = made[0]; result = new.get_layers()[0]; mask = samples(result.get_mask(), "Y u8")
    answer(said=str(refusal), untouched=[names(each) for each in (image, other) if each.is_valid()], count=len(made),
           size=[new.get_width(), new.get_height()], names=names(new), precision=new.get_precision().value_nick,
           profile=new.get_color_profile().get_label(), painted=samples(result, area=(350, 240, 1, 1))[3],
           mask=[mask[y * 768 + x] for x, y in ((299, 200), (300, 200), (399, 279), (400, 279))])
"""


# While a procedure runs, nothing else can be called in a GIMP without windows: these are the plug-in's own steps.
@pytest.mark.parametrize(
    ("change", "sentence", "untouched"),
    [
        ("image.delete()", "was closed meanwhile", [["landscape"]]),
        ("image.remove_layer(layer)", "was closed meanwhile", [[], ["landscape"]]),
        (
            "Gimp.Selection.float(image, [layer], 10, 10)",
            "a floating selection meanwhile",
            [["Floated Layer", "landscape"], ["landscape"]],
        ),
    ],
)
def test_a_result_whose_place_is_gone_becomes_a_new_image(gimp, echo, change, sentence, untouched):
    said = gimp.run(MEANWHILE.replace("CHANGE", change))
    assert sentence in said["said"] and "is a new image" in said["said"]
    assert said["untouched"] == untouched
    assert said["count"] == 1
    assert said["names"] == ["Neural style: strokes"]
    assert said["size"] == [768, 576]
    assert (said["precision"], "Adobe" in said["profile"]) == ("u16-non-linear", True)
    assert said["mask"] == [0, 255, 255, 0]
    assert said["painted"] == 255


OWN_FAULT = """
import os
from reverie_gimp import run
procedure = Gimp.get_pdb().lookup_procedure("plug-in-reverie-style")
log = os.environ["REVERIE_HOME"] + "/plugin.log"
said = []
for attempt in range(2):
    values = run.guarded(procedure, lambda: 1 / 0)
    said.append([values.index(0).value_nick, values.index(1)])
    if attempt == 0:
        written = open(log).read(); os.remove(log); os.mkdir(log)
os.rmdir(log)
answer(said=said, written=written)
"""


def test_a_fault_of_its_own_is_told_and_logged_in_full_where_that_can_be(gimp):
    said = gimp.run(OWN_FAULT)
    (first, sentence), (second, without) = said["said"]
    assert first == second == "execution-error"
    assert sentence.startswith(
        "Reverie met an error of its own (ZeroDivisionError: division by zero). Your layer is as"
    )
    assert sentence.endswith("/home/plugin.log”.")
    assert "plugin.log (which cannot be written: Is a directory)" in without
    assert "Traceback" in said["written"] and "ZeroDivisionError" in said["written"]


QUICK = """
image = load(); layer = image.get_layers()[0]
before = digest(layer)
answer(status=paint(image, [layer]), names=names(image), same=digest(layer) == before)
"""


def refused(gimp, sentence: str) -> None:
    said = gimp.run(QUICK)
    assert not said["status"][0]
    assert sentence in said["status"][1]
    assert said["names"] == ["landscape"]
    assert said["same"]


@pytest.fixture
def ready(gimp):
    """The file by which the plug-in finds the backend; as it was when the test is over."""
    path = gimp.folder / "home" / "ready.json"
    text = path.read_text() if path.exists() else None
    yield path
    path.unlink(missing_ok=True)
    if text is not None:
        write_private(path, text)


def test_a_false_server_in_the_backends_place_is_shown_nothing(gimp, ready):
    with running() as server:
        server.health.update(FALSE)
        write_private(ready, json.dumps({"host": "127.0.0.1", "port": server.port, "token": "x"}))
        refused(gimp, "“/nowhere/python” is gone")  # as below
        assert set(server.requests) == {("GET", "/v1/health", None)}


def test_another_program_on_the_backends_port_is_not_taken_for_it(gimp, ready):
    with running() as server:
        server.health = b"<html>hello</html>"
        write_private(ready, json.dumps({"host": "127.0.0.1", "port": server.port, "token": "x"}))
        refused(gimp, "“/nowhere/python” is gone")  # so it wants to start one, which these tests do not let it
        assert not server.pictures


def test_a_folder_that_cannot_be_written_is_told(gimp, ready):
    ready.unlink(missing_ok=True)
    home = gimp.folder / "home"
    (gimp.folder / "home").rename(gimp.folder / "away")
    try:
        home.write_text("a file, where the folder should be: a right that is missing would not stop the tests' root")
        refused(gimp, "cannot be written: File exists")
    finally:
        home.unlink()
        (gimp.folder / "away").rename(home)


def test_a_full_disk_stops_no_job_but_the_start_of_a_backend_which_is_told(gimp, backend, ready, fill_disk):
    """The disk with Reverie's own files. A job writes none: pictures are held in memory, and swapped by GIMP itself."""
    home = gimp.folder / "home"
    fill_disk(home, keep=("install.json", "ready.json"))
    said = gimp.run(QUICK)
    assert said["status"][0], said["status"]
    assert said["names"] == ["Neural style: strokes", "landscape"]
    (home / "ready.json").unlink()
    record = json.loads((home / "install.json").read_text())
    (home / "install.json").write_text(json.dumps({**record, "python": "/usr/bin/env"}))  # one that could be started
    (home / "filler2").touch()
    with contextlib.suppress(OSError):  # the room that it took is filled, too
        (home / "filler2").write_bytes(bytes(65536))
    refused(gimp, "cannot be written: No space left on device. Give yourself the right to write there, or make room")
    assert not (home / "start.lock").exists()


def test_no_backend_and_none_to_start_is_said_with_what_to_do(gimp, backend):
    backend.process.terminate()
    backend.process.wait(timeout=20)
    said = gimp.run("""
image = load()
answer(status=paint(image, image.get_layers()), names=names(image))
""")
    assert not said["status"][0]
    assert "python3 install.py" in said["status"][1]
    assert said["names"] == ["landscape"]


def test_a_backend_that_the_settings_name_paints_and_a_wrong_token_for_it_is_told(gimp, backend, ready):
    address = json.loads(ready.read_text())
    ready.unlink()  # only the settings lead to it
    settings = gimp.folder / "home" / "settings.json"
    try:
        write_private(settings, json.dumps({name: address[name] for name in ("host", "port", "token")}))
        said = gimp.run(QUICK)
        assert said["status"][0], said["status"]
        assert said["names"] == ["Neural style: strokes", "landscape"]
        write_private(settings, json.dumps({"host": address["host"], "port": address["port"], "token": "guess"}))
        refused(gimp, "does not know the token in “" + gimp.inside(settings))
    finally:
        settings.unlink()
