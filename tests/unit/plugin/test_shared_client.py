"""The plug-in's half of the protocol, and what it makes of a backend that misbehaves."""

from __future__ import annotations

import hashlib
import socket

import pytest
from reverie.errors import Sentence
from reverie.plugin.shared import jobs, npy, words
from reverie.plugin.shared.client import BackendError, Client, spoken

from tests.stand_in_backend import PNG, TOKEN, running

SAMPLES = bytes(range(2 * 3 * 4))
STYLE_ID = hashlib.sha256(b"a style").hexdigest()
PROGRESS = {"type": "progress", "fraction": 0.5, "seconds_left": 3.0}
PREVIEW = {"type": "preview", "serial": 1}
DONE = {"type": "done", "seconds": 1.0, "recipe": {"strength": 0.25, "network": "squeezenet"}}


@pytest.fixture
def backend():
    with running() as server:
        server.events = [PROGRESS, PREVIEW, DONE]
        yield server


@pytest.fixture
def client(backend):
    return Client("127.0.0.1", backend.port, TOKEN)


@pytest.fixture
def order():
    recipe = {"style": [{"image": "/pictures/night.jpg", "scale": 2.0}], "strength": 0.25}
    return jobs.Job(npy.pack(SAMPLES, 3, 2, 4, "u1"), {"/pictures/night.jpg": b"a style"}, recipe)


def test_a_job_sends_its_pictures_by_id_and_brings_the_samples_back(backend, client, order):
    heard = []
    samples, recipe = jobs.run(client, order, heard.append)
    assert samples == SAMPLES
    style = backend.jobs[0]["recipe"]["style"]
    assert [backend.pictures[each["image"]] for each in style] == [b"a style"]
    assert style[0]["scale"] == 2.0
    assert backend.jobs[0]["recipe"]["strength"] == 0.25
    assert backend.jobs[0]["cancel_on_close"] is True  # said, and not left to what the backend takes for usual
    assert recipe == {
        "strength": 0.25,
        "network": "squeezenet",
        "style": [{"image": "/pictures/night.jpg", "scale": 2.0}],
    }
    assert [event["type"] for event in heard] == ["progress", "done"]


def test_two_pictures_of_equal_bytes_keep_their_own_names(backend, client):
    pictures = {"sky": b"one", "copy of sky": b"one", "mask": b"other"}
    recipe = {"style": [{"image": "sky"}, {"image": "copy of sky", "mask": "mask"}], "before": {"content": "sky"}}
    order = jobs.Job(npy.pack(SAMPLES, 3, 2, 4, "u1"), pictures, recipe)
    assert jobs.run(client, order, lambda event: None)[1]["style"] == recipe["style"]


def test_a_guide_goes_by_its_id_and_comes_back_by_its_name(backend, client):
    order = jobs.Job(npy.pack(SAMPLES, 3, 2, 4, "u1"), {"Nächte": b"a guide"}, {"dream": [{"guide": "Nächte"}, {}]})
    _, recipe = jobs.run(client, order, lambda event: None)
    sent = backend.jobs[0]["recipe"]["dream"]
    assert backend.pictures[sent[0]["guide"]] == b"a guide"
    assert sent[1] == {}
    assert recipe["dream"] == [{"guide": "Nächte"}, {}]


def test_the_names_that_can_be_dreamt_of(client):
    assert client.classes() == ["tench", "goldfish"]


def test_previews_are_fetched_where_they_are_wanted(client, order):
    heard = []
    jobs.run(client, order, heard.append, previews=True)
    assert [event.get("png") for event in heard] == [None, PNG, None]


def test_a_preview_that_is_gone_since_the_job_has_ended_does_not_spoil_the_result(backend, client, order):
    backend.has_preview = False
    heard = []
    samples, _ = jobs.run(client, order, heard.append, previews=True)
    assert samples == SAMPLES
    assert [event["type"] for event in heard] == ["progress", "done"]


@pytest.mark.parametrize(
    ("events", "sentence"),
    [
        ([PROGRESS], "ended in the middle of the job"),
        ([PROGRESS, {"type": "failed", "message": "The memory is full."}], "The memory is full."),
        ([{"type": "cancelled"}], "The job was cancelled"),
    ],
)
def test_a_job_without_a_result_is_told_in_a_sentence(backend, client, order, events, sentence):
    backend.events = events
    with pytest.raises(BackendError, match=sentence):
        jobs.run(client, order, lambda event: None)


@pytest.mark.parametrize("line", [b"<html>", b"[1]", b'{"kind": "done"}', b"\xff"])
def test_a_stream_of_something_else_is_told_in_a_sentence(backend, client, order, line):
    backend.lines = [line]
    with pytest.raises(BackendError, match="is not Reverie's backend"):
        jobs.run(client, order, lambda event: None)


@pytest.mark.parametrize(
    "result", [b"", npy.pack(SAMPLES, 3, 2, 4, "u1")[:-1], b"\x93NUMPY\x01\x00\x04\x00((((", b"x" * 80]
)
def test_a_result_that_is_no_picture_is_told_in_a_sentence(backend, client, order, result):
    backend.result = result
    with pytest.raises(BackendError, match="ended the job without a result"):
        jobs.run(client, order, lambda event: None)


def test_what_the_listener_raises_ends_the_job(client, order):
    def stop(event):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        jobs.run(client, order, stop)


def test_a_refusal_is_passed_on_with_its_status(client):
    with pytest.raises(BackendError, match=r"^It knows no such thing\.$") as error:
        client.estimate({}, 8, 6, {})
    assert error.value.status == 404


def test_another_program_on_the_port_is_recognised(backend, client):
    backend.health = b"<html>hello</html>"
    with pytest.raises(BackendError, match="is not Reverie's backend"):
        client.health()


def test_nobody_on_the_port():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    with pytest.raises(BackendError, match="The connection to the backend broke"):
        Client("127.0.0.1", port, TOKEN).health()


def test_a_backend_that_is_silent_is_not_waited_for_without_end():
    with socket.create_server(("127.0.0.1", 0)) as mute, pytest.raises(BackendError, match="does not answer"):
        Client("127.0.0.1", mute.getsockname()[1], TOKEN).health(timeout=0.1)


def test_a_style_that_cannot_be_read(tmp_path):
    with pytest.raises(BackendError, match="cannot be read: No such file"):
        jobs.read_file(str(tmp_path / "gone.jpg"))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "a few seconds left"),
        (17, "15 seconds left"),
        (59, "60 seconds left"),
        (70, "1 minute left"),
        (200, "3 minutes left"),
    ],
)
def test_time_left(seconds, words):
    assert jobs.time_left(seconds) == words


def test_what_the_backend_says_is_translated_and_names_pictures_as_the_user_does(backend, client, order, monkeypatch):
    soft = Sentence("The mask “{picture}” is black everywhere; paint white where it is to act.", {"picture": STYLE_ID})
    backend.events = [{"type": "warning", **soft.as_json()}, {"type": "failed", **soft.as_json()}]
    monkeypatch.setattr(words, "_", words.translation(["de"]))
    heard = []
    with pytest.raises(BackendError) as caught:
        jobs.run(client, order, heard.append)
    assert str(caught.value) == heard[0]["message"]
    assert heard[0]["message"].startswith("Die Maske „/pictures/night.jpg“ ist überall schwarz; malen")
    assert spoken({"message": "Something new.", "template": "Something {kind}.", "values": {"kind": "new"}}) == (
        "Something new."
    )
    assert spoken({"message": "From an older backend."}) == "From an older backend."


@pytest.mark.parametrize(
    "end",
    [
        {"type": "failed"},
        {"type": "failed", "message": "", "template": "", "values": {}},
        {"type": "failed", "message": 7},
        {"type": "failed", "message": "Why.", "values": "none"},
        {"type": "warning", "message": None},
        {"type": "done", "recipe": {"style": [{"image": "of another job"}]}},
    ],
)
def test_an_end_that_was_damaged_is_told(backend, client, order, end):
    backend.events = [PROGRESS, end]
    with pytest.raises(BackendError, match="without a result"):
        jobs.run(client, order, lambda event: None)
