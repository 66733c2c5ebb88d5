"""What is held while things die: the user's image, and the backend's time."""

from __future__ import annotations

import signal
import time

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


def test_the_plug_in_killed_mid_job_stops_the_job_within_two_seconds(gimp, backend):
    process = gimp.start(LONG)
    backend.wait(lambda: backend.health()["busy"], 60)
    time.sleep(1)  # past the loading of the network: mid-job
    process.send_signal(signal.SIGKILL)
    assert backend.wait(lambda: not backend.health()["busy"], 10) < 2.5
    process.communicate(timeout=60)


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
