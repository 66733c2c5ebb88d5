"""Which pictures are taken, and how long they are kept."""

# ruff: noqa: F811 - a test's argument is the fixture imported
from __future__ import annotations

import contextlib
import hashlib
import http.client
import io
import socket
import struct
import zlib

import numpy as np
import pytest
from live import TOKEN, backend, message, npy, raw, small  # noqa: F401 (fixtures)
from PIL import Image
from reverie.pictures import images
from reverie.pictures.picture import MAX_PIXELS
from reverie.plugin.shared.client import BackendError, Client
from reverie.server import bodies, store
from reverie.server.routes import pictures


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


def _png(width: int, height: int, rows: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_the_size_is_known_from_the_header_whatever_follows(backend):
    """So what has few bytes and many pixels costs nothing until a job needs it; here there are no pixels at all."""
    answer = backend.client.post("/v1/images", content=_png(9_500, 9_000, b"nothing that can be unpacked"))
    assert answer.status_code == 201, answer.text
    assert [answer.json()[name] for name in ("width", "height", "channels")] == [9_500, 9_000, 3]
    job = backend.submit(answer.json()["id"])
    backend.wait(job, "failed")
    assert "damaged or incomplete" in backend.client.get(f"/v1/jobs/{job}").json()["message"]


def test_a_jobs_pictures_are_bounded_together(backend):
    big, other, third = (
        backend.client.post("/v1/images", content=_png(9_000, 9_000 + n, b"")).json()["id"] for n in range(3)
    )
    recipe = {"recipe": {"style": [{"image": other}, {"image": third}]}, "content": big}
    assert "243 megapixels together" in message(backend.client.post("/v1/jobs", json=recipe), 422)
    recipe = {"recipe": {"style": [{"image": other}, {"image": other}]}, "content": big}
    assert backend.client.post("/v1/jobs", json=recipe).status_code == 202  # a picture that is named twice is one


def test_uploads_are_bounded_together(backend, small):
    room = bodies.Room(1000)
    with room.share() as first:
        assert first(5000), "one alone may be larger"
        with room.share() as second:
            assert not second(1)
    with room.share() as first, room.share() as second, room.share() as third:
        assert first(600) and second(400) and not third(1) and not first(1)
    with room.share() as first, room.share() as second:
        assert first(1000), "all of it came back"


def test_an_upload_for_which_there_is_no_room_is_to_be_tried_again(backend, small, monkeypatch):
    monkeypatch.setattr(bodies.Room, "share", lambda self: contextlib.nullcontext(lambda count: False))
    answer = backend.client.post("/v1/images", content=npy(small))
    assert "try again when some are done" in message(answer, 503)
    assert answer.headers["Retry-After"] == "10"


def test_too_large_is_told_from_the_announced_length(backend):
    head = f"POST /v1/images HTTP/1.1\nHost: 127.0.0.1:{backend.port}\nAuthorization: Bearer {TOKEN}\nContent-Length: "
    assert raw(backend.port, head + str(pictures.MAX_PICTURE_BYTES + 1)).startswith(b"HTTP/1.1 413")
    for length in ("-1", "9" * 40, "ten"):
        assert raw(backend.port, head + length).startswith(b"HTTP/1.1 4"), length
    assert backend.client.get("/v1/health").status_code == 200


def test_the_plug_in_gets_to_read_that_its_picture_is_too_large(backend, monkeypatch):
    """Though the backend answers and closes while it still sends."""
    monkeypatch.setattr(pictures, "MAX_PICTURE_BYTES", 1000)
    client = Client("127.0.0.1", backend.port, TOKEN)
    with pytest.raises(BackendError, match="reduce it first") as error:
        client.add_picture(bytes(50_000_000))
    assert error.value.status == 413


def test_a_float_picture_of_the_largest_size_is_not_too_large():
    header = len(npy(np.zeros((1, 1, 4), np.float32))) - 16
    assert MAX_PIXELS * 4 * 4 + header <= pictures.MAX_PICTURE_BYTES


def test_too_large_without_a_length_ends_in_the_stream(backend, monkeypatch):
    monkeypatch.setattr(pictures, "MAX_PICTURE_BYTES", 1000)
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


def test_the_store_lets_the_longest_unused_go():
    sent = [npy(np.full((10, 10, 3), value, np.uint8)) for value in range(3)]
    kept = store.Store(limit=2 * len(sent[0]))
    first, second = kept.add(sent[0]).id, kept.add(sent[1]).id
    assert kept.get(first)  # used: now the second is the oldest
    third = kept.add(sent[2]).id
    assert kept.get(second) is None
    assert kept.get(first) and kept.get(third)


def test_a_picture_that_is_sent_again_is_not_decoded_again(monkeypatch, small):
    kept = store.Store()
    first = kept.add(npy(small))
    monkeypatch.setattr(images, "inspect", None)
    assert kept.add(npy(small)) is first


@pytest.mark.parametrize("kind", ["TIFF", "JPEG", ".npy"])
def test_a_thumbnail_is_the_picture_upright_and_small(backend, kind):
    wide = np.zeros((40, 80, 3), np.uint8)
    wide[:, 40:] = (200, 100, 50)
    buffer = io.BytesIO()
    if kind == ".npy":
        np.save(buffer, wide)
    else:
        rotated = Image.Exif()
        rotated[0x0112] = 6  # to be turned by a quarter
        Image.fromarray(wide).save(buffer, kind, exif=rotated)
    image = backend.client.post("/v1/images", content=buffer.getvalue()).json()["id"]
    answer = backend.client.get(f"/v1/images/{image}/thumbnail?longest=16")
    assert answer.headers["content-type"] == "image/png"
    shown = Image.open(io.BytesIO(answer.content))
    assert shown.size == ((16, 8) if kind == ".npy" else (8, 16))
    assert shown.getpixel((1, 1)) == pytest.approx((0, 0, 0), abs=6)
    assert shown.getpixel((shown.width - 2, shown.height - 2)) == pytest.approx((200, 100, 50), abs=6)
    assert Image.open(io.BytesIO(backend.client.get(f"/v1/images/{image}/thumbnail").content)).height in (40, 80)


def test_a_thumbnail_of_nothing_is_refused(backend, small):
    assert "send it again" in message(backend.client.get("/v1/images/x/thumbnail"), 404)
    image = backend.upload(small)
    message(backend.client.get(f"/v1/images/{image}/thumbnail?longest=5000"), 422, "longest")
