"""Who is let in, which pictures and jobs are taken, and what the refusals say."""

# ruff: noqa: F811 - a test's argument is the fixture imported
from __future__ import annotations

import asyncio
import hashlib
import http.client
import io
import json
import math
import socket
import struct
import zlib

import httpx
import numpy as np
import pytest
from live import TOKEN, backend, npy, small  # noqa: F401 (fixtures)
from PIL import Image
from reverie import presets
from reverie.errors import ReverieError
from reverie.pictures import images
from reverie.plugin.shared.client import BackendError, Client
from reverie.server import app, bodies, store
from reverie.server.app import create_app
from reverie.server.jobs import Worker
from reverie.server.lifecycle import serve


def message(answer: httpx.Response, status: int, field: str | None = None) -> str:
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) == {"message", "template", "values", "field"}
    assert error["field"] == field
    assert "Traceback" not in error["message"]
    return error["message"]


def raw(port: int, head: str, body: bytes = b"") -> bytes:
    """What the server answers to bytes that no client library would send."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
        answer = b""
        while part := connection.recv(65536):
            answer += part
            if b"\r\n\r\n" in answer:
                break
    return answer


def test_health_needs_no_token(backend):
    answer = httpx.get(f"http://127.0.0.1:{backend.port}/v1/health")
    assert answer.status_code == 200
    assert set(answer.json()) == {"version", "protocol", "device", "memory", "queue", "busy"}
    assert answer.json()["protocol"] == 1 and answer.json()["busy"] is False and answer.json()["queue"] == 0


@pytest.mark.parametrize("given", [None, "Bearer wrong", TOKEN, "Bearer tökén".encode("latin-1")])
def test_every_other_call_needs_the_token(backend, given):
    headers = {"Authorization": given} if given else {}
    calls = ["GET networks", "POST images", "POST jobs", "GET jobs/x", "GET jobs/x/events", "GET jobs/x/preview"]
    for call in [*calls, "GET classes", "GET jobs/x/result", "DELETE jobs/x", "POST shutdown", "GET nothing"]:
        method, path = call.split()
        message(httpx.request(method, f"http://127.0.0.1:{backend.port}/v1/{path}", headers=headers), 401)


@pytest.mark.parametrize("host", ["evil.example:{port}", "127.0.0.1:1", "localhost.evil.example", "[", ""])
def test_a_foreign_host_is_refused(backend, host):
    answer = backend.client.get("/v1/health", headers={"Host": host.format(port=backend.port)})
    assert "answers only to the name or address" in message(answer, 403)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_this_machine_is_known_by_its_names(backend, host):
    assert backend.client.get("/v1/health", headers={"Host": f"{host}:{backend.port}"}).status_code == 200


def test_a_web_page_is_refused_with_and_without_token(backend):
    for origin in ("https://evil.example", "null", f"http://127.0.0.1:{backend.port}"):
        assert "web pages" in message(backend.client.get("/v1/networks", headers={"Origin": origin}), 403)
        assert "web pages" in message(backend.client.get("/v1/health", headers={"Origin": origin}), 403)


def test_classes_are_those_of_imagenet_in_the_order_of_the_networks_outputs(backend):
    classes = backend.client.get("/v1/classes").json()["classes"]
    assert len(classes) == 1000
    assert (classes[0], classes[207], classes[999]) == ("tench", "golden retriever", "toilet tissue")


def test_networks_say_what_can_be_chosen(backend):
    networks = backend.client.get("/v1/networks").json()["networks"]
    assert networks
    for network in networks:
        assert {"name", "title", "available", "bundled", "download_bytes", "licence", "layers"} <= set(network)


def test_unknown_things_are_404_and_unknown_methods_405(backend):
    for path in ("/v1/jobs/x", "/v1/jobs/x/events", "/v1/jobs/x/preview", "/v1/jobs/x/result", "/v1/nothing"):
        message(backend.client.get(path), 404)
    message(backend.client.delete("/v1/jobs/x"), 404)
    message(backend.client.put("/v1/health"), 405)


def test_a_picture_is_known_by_its_sha256(backend, small):
    answer = backend.client.post("/v1/images", content=npy(small))
    assert answer.status_code == 201
    expected = {"id": hashlib.sha256(npy(small)).hexdigest(), "width": 8, "height": 6, "channels": 3}
    assert answer.json() == expected
    assert backend.client.post("/v1/images", content=npy(small)).json() == expected  # twice is no error


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_picture_files_are_taken(backend, small, kind, mode):
    if (kind, mode) == ("JPEG", "RGBA"):
        mode = "L"  # JPEG has no alpha; grey becomes RGB
    buffer = io.BytesIO()
    image = Image.fromarray(small).convert(mode)
    if mode == "RGBA":
        image.putalpha(100)  # an opaque channel would be left out by WebP
    image.save(buffer, kind)
    answer = backend.client.post("/v1/images", content=buffer.getvalue())
    assert answer.status_code == 201, answer.text
    assert (answer.json()["width"], answer.json()["height"], answer.json()["channels"]) == (
        8,
        6,
        len(mode.strip("L")) or 3,
    )


def _npy_claiming(shape: str, descr: str = "'|u1'") -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header


class Harmful:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was executed",))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no picture"),
        (b"hello", "no picture"),
        (npy(np.zeros((6, 8, 3), np.uint8))[:-5], "damaged or incomplete"),
        (npy(np.zeros((6, 8, 3), np.uint8))[:20], "damaged or incomplete"),
        (b"\x93NUMPY", "damaged or incomplete"),
        (npy(np.array([[Harmful()]], dtype=object), pickle=True), "uint8, uint16 or float32"),
        (npy(np.zeros((6, 8, 3), np.float64)), "uint8, uint16 or float32"),
        (npy(np.zeros((6, 8, 5), np.uint8)), "no picture"),
        (npy(np.zeros((8,), np.uint8)), "no picture"),
        (npy(np.zeros((0, 8, 3), np.uint8)), "no pixels"),
        (npy(np.full((6, 8, 3), np.nan, np.float32)), "not numbers"),
        (_npy_claiming("(1000000, 1000000, 3)"), "100 megapixels"),
        (_npy_claiming("(9000, 9000, 3)"), "damaged or incomplete"),  # within the limits, but the samples are missing
        (_npy_claiming("(-6, 8, 3)"), "no pixels"),
    ],
)
def test_what_is_no_picture_is_refused(backend, data, says):
    assert says in message(backend.client.post("/v1/images", content=data), 422)
    assert backend.client.get("/v1/health").status_code == 200


def test_a_decompression_bomb_is_refused_before_it_is_unpacked(backend):
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1 << 20), 9)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    assert "100 megapixels" in message(backend.client.post("/v1/images", content=bomb), 422)


def test_too_large_is_told_from_the_announced_length(backend):
    head = f"POST /v1/images HTTP/1.1\nHost: 127.0.0.1:{backend.port}\nAuthorization: Bearer {TOKEN}\nContent-Length: "
    assert raw(backend.port, head + str(app.MAX_PICTURE_BYTES + 1)).startswith(b"HTTP/1.1 413")
    for length in ("-1", "9" * 40, "ten"):
        assert raw(backend.port, head + length).startswith(b"HTTP/1.1 4"), length
    assert backend.client.get("/v1/health").status_code == 200


def test_the_plug_in_gets_to_read_that_its_picture_is_too_large(backend, monkeypatch):
    """Though the backend answers and closes while it still sends."""
    monkeypatch.setattr(app, "MAX_PICTURE_BYTES", 1000)
    client = Client("127.0.0.1", backend.port, TOKEN)
    with pytest.raises(BackendError, match="reduce it first") as error:
        client.add_picture(bytes(50_000_000))
    assert error.value.status == 413


def test_a_float_picture_of_the_largest_size_is_not_too_large():
    header = len(npy(np.zeros((1, 1, 4), np.float32))) - 16
    assert images.MAX_PIXELS * 4 * 4 + header <= app.MAX_PICTURE_BYTES


def test_too_large_without_a_length_ends_in_the_stream(backend, monkeypatch):
    monkeypatch.setattr(app, "MAX_PICTURE_BYTES", 1000)
    connection = http.client.HTTPConnection("127.0.0.1", backend.port, timeout=10)
    connection.putrequest("POST", "/v1/images")
    connection.putheader("Authorization", f"Bearer {TOKEN}")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    connection.send(b"%x\r\n" % 1500 + bytes(1500) + b"\r\n")  # and no end: the answer must come without it
    assert connection.getresponse().status == 413
    connection.close()


def test_an_upload_that_stalls_is_given_up(backend, monkeypatch):
    monkeypatch.setattr(bodies, "STALLED", 0.2)
    head = (
        f"POST /v1/images HTTP/1.1\nHost: 127.0.0.1:{backend.port}\nAuthorization: Bearer {TOKEN}\nContent-Length: 99"
    )
    assert raw(backend.port, head, b"half").startswith(b"HTTP/1.1 408")


def test_an_upload_that_breaks_off_harms_nobody(backend, small):
    with socket.create_connection(("127.0.0.1", backend.port)) as connection:
        head = f"POST /v1/images HTTP/1.1\r\nHost: 127.0.0.1:{backend.port}\r\nAuthorization: Bearer {TOKEN}\r\n"
        connection.sendall(head.encode() + b"Content-Length: 99\r\n\r\nhalf")
    assert backend.upload(small)


@pytest.mark.parametrize(
    ("recipe", "field", "says"),
    [
        ({"strength": 2}, "strength", "must be at most 1, and is 2."),
        ({"strength": "much"}, "strength", "number"),
        ({"colour": "style"}, "colour", "no field"),
        ({"style": [{"image": "IMAGE", "scale": 99}]}, "style.0.scale", "must be at most 8, and is 99."),
        ({"style": ["IMAGE", "0" * 64]}, "style.1.image", "send it again"),
        ({"style": "/etc/passwd"}, "style.0.image", "send it again"),
        ({"network": "nonesuch"}, "network", "nonesuch"),
        ({"network": "\ud800"}, "network", ""),
        ({"style_layers": ["nonesuch"]}, "style_layers", "nonesuch"),
        ({"style": []}, "style", "at least one"),
    ],
)
def test_a_wrong_recipe_is_refused_at_once_with_its_field(backend, small, recipe, field, says):
    image = backend.upload(small)
    recipe = {"style": image, **recipe}
    if isinstance(recipe["style"], list):
        recipe["style"] = [
            {**entry, "image": image} if isinstance(entry, dict) else entry.replace("IMAGE", image)
            for entry in recipe["style"]
        ]
    body = json.dumps({"recipe": recipe, "content": image})  # ASCII: lone surrogates travel as escapes
    answer = backend.client.post("/v1/jobs", content=body)
    assert says in message(answer, 422, field)
    assert backend.render.seeds == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"recipe": {}}', b"\xff", b"[" * 100000, b'{"a":NaN}'])
def test_a_job_that_is_no_json_object_is_refused(backend, body):
    message(backend.client.post("/v1/jobs", content=body), 422)


def test_no_number_passes_as_a_number(backend, small):
    image = backend.upload(small)
    body = f'{{"recipe": {{"style": "{image}", "strength": NaN}}, "content": "{image}"}}'
    assert "JSON" in message(backend.client.post("/v1/jobs", content=body), 422)


def test_a_job_of_an_unknown_picture_is_refused(backend, small):
    image = backend.upload(small)
    answer = backend.client.post("/v1/jobs", json={"recipe": {"style": image}, "content": "0" * 64})
    assert "send it again" in message(answer, 422, "content")


@pytest.mark.parametrize("call", ["POST jobs", "POST estimate", "PATCH jobs/{job}"])
def test_a_description_that_is_too_long_is_refused(backend, small, call):
    method, path = call.format(job=backend.submit(backend.upload(small))).split()
    answer = backend.client.request(method, "/v1/" + path, content=bytes(bodies.MAX_JSON_BYTES + 1))
    assert "1024 KiB at most" in message(answer, 413)


@pytest.mark.parametrize(
    "body", [b"", b"[", b"null", b"[]", b"[" * 100000, b"\xff", b'{"recipe": {"style": {"style": {}}}']
)
@pytest.mark.parametrize("call", ["POST estimate", "PATCH jobs/{job}"])
def test_a_description_that_is_no_json_object_is_refused(backend, small, call, body):
    method, path = call.format(job=backend.submit(backend.upload(small))).split()
    assert "JSON" in message(backend.client.request(method, "/v1/" + path, content=body), 422)


def test_an_unforeseen_error_is_a_sentence_too(backend, small, monkeypatch):
    def broken(self, data):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(store.Store, "add", broken)
    says = message(backend.client.post("/v1/images", content=npy(small)), 500)
    assert "unexpected error" in says and "log is at" in says and "secret" not in says


def test_the_store_lets_the_longest_unused_go():
    pictures = [npy(np.full((10, 10, 3), value, np.uint8)) for value in range(3)]
    kept = store.Store(limit=2 * len(pictures[0]))
    first, second = kept.add(pictures[0]).id, kept.add(pictures[1]).id
    assert kept.get(first)  # used: now the second is the oldest
    third = kept.add(pictures[2]).id
    assert kept.get(second) is None
    assert kept.get(first) and kept.get(third)


def test_a_picture_that_is_sent_again_is_not_decoded_again(monkeypatch, small):
    kept = store.Store()
    first = kept.add(npy(small))
    monkeypatch.setattr(images, "inspect", None)
    assert kept.add(npy(small)) is first


def test_a_folder_for_the_ready_file_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ReverieError, match="cannot be made"):
        serve(host="127.0.0.1", port=0, ready_file=tmp_path / "file" / "ready.json", idle_exit=1, device="cpu")


def test_a_preset_can_be_submitted_as_it_is_offered(backend, small):
    offered = {preset["name"]: preset for preset in backend.client.get("/v1/presets").json()["presets"]}
    assert set(offered["mosaic"]) == {"name", "title", "filter", "description", "recipe"}
    content = backend.upload(small)
    for name in ("mosaic", "daydream"):
        answer = backend.client.post("/v1/jobs", json={"recipe": offered[name]["recipe"], "content": content})
        assert answer.status_code == 202, answer.text


@pytest.mark.parametrize("recipe", [{"style": 3}, {"style": [None]}, {"style": [{}], "strength": math.nan}])
def test_a_preset_with_a_broken_recipe_is_left_out(backend, monkeypatch, caplog, recipe):
    broken = {"name": "own", "title": "Own", "filter": "style", "description": "", "recipe": recipe}
    listed = [*presets.listed(), broken]
    monkeypatch.setattr(presets, "listed", lambda: listed)
    offered = backend.client.get("/v1/presets").json()["presets"]
    assert [preset["title"] for preset in offered] == [preset["title"] for preset in listed[:-1]]
    assert "“Own” is left out" in caplog.text


def test_a_preset_with_a_broken_picture_is_left_out(backend, tmp_path, monkeypatch, caplog):
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    own = {
        "name": "own", "title": "Own", "filter": "style", "description": "",
        "recipe": {"style": [{"image": str(tmp_path / "broken.jpg")}]},
    }  # fmt: skip
    listed = [*presets.listed(), own]
    monkeypatch.setattr(presets, "listed", lambda: listed)
    offered = backend.client.get("/v1/presets").json()["presets"]
    assert [preset["title"] for preset in offered] == [preset["title"] for preset in listed[:-1]]
    assert "“Own” is left out" in caplog.text


@pytest.mark.parametrize(
    ("bound", "named", "status"),
    [
        ("192.168.1.5", "192.168.1.5", 200),
        ("192.168.1.5", "localhost", 200),
        ("192.168.1.5", "{own}", 200),
        ("192.168.1.5", "{own}.local", 200),
        ("192.168.1.5", "evil.example", 403),
        ("127.0.0.1", "{own}", 403),
        ("GPU-box", "gpu-box", 200),
        ("0.0.0.0", "whatever.example", 200),
    ],
)
def test_a_backend_for_other_machines_answers_to_its_names(bound, named, status):
    """The application without its server, whose address would have to be another one of this machine."""
    worker = Worker(lambda *_, **__: None, "cpu")
    transport = httpx.ASGITransport(create_app(worker, store.Store(), token=TOKEN, device="cpu", host=bound))
    address = "http://" + named.format(own=socket.gethostname())

    async def ask() -> list[int]:
        async with httpx.AsyncClient(transport=transport, base_url=address) as client:
            answers = [
                await client.get("/v1/health"),
                await client.get("/v1/classes", headers={"Authorization": f"Bearer {TOKEN}"}),
                await client.get("/v1/classes"),
            ]
        return [answer.status_code for answer in answers]

    assert asyncio.run(ask()) == [status, status, 401 if status == 200 else 403]
    worker.close()
