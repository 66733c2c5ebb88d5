"""Files of pictures made by formula, byte by byte, for what Pillow does not write; and the sRGB that is right for
them."""

from __future__ import annotations

import struct
import zlib

import numpy as np

D65 = (0.3127, 0.3290)
SRGB = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def to_xyz(primaries, white=D65) -> np.ndarray:
    """From linear light of these primaries to XYZ, of which the white is the given one."""
    xyz = np.array([[x / y, 1, (1 - x - y) / y] for x, y in [*primaries, white]]).T
    return xyz[:, :3] * np.linalg.solve(xyz[:, :3], xyz[:, 3])


def encoded(light: np.ndarray) -> np.ndarray:
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def decoded(values: np.ndarray) -> np.ndarray:
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def shown(values: np.ndarray, curve=decoded, primaries=SRGB, white=D65) -> np.ndarray:
    """The sRGB of values, …×3 in 0 to 1, that lead through a curve to the light of these primaries and their white."""
    there, here = to_xyz(primaries, white), to_xyz(SRGB)
    adapted = np.linalg.inv(BRADFORD) @ np.diag((BRADFORD @ here.sum(1)) / (BRADFORD @ there.sum(1))) @ BRADFORD
    matrix = np.linalg.inv(here) @ adapted @ there
    return encoded(curve(np.asarray(values, float)) @ matrix.T)


def profile(*curves: bytes, primaries=SRGB, space: bytes = b"RGB ", meets: bytes = b"XYZ ") -> bytes:
    """An ICC profile with these curves: one for grey, or for red, green and blue."""
    d50 = np.array([0.9642, 1.0, 0.8249])
    if space == b"GRAY":
        tags = {b"kTRC": curves[0]}
    else:
        white = to_xyz(primaries).sum(1)
        adapted = np.linalg.inv(BRADFORD) @ np.diag((BRADFORD @ d50) / (BRADFORD @ white)) @ BRADFORD
        columns = (adapted @ to_xyz(primaries)).T
        tags = {b"%cXYZ" % n: b"XYZ " + bytes(4) + _fixed(*column) for n, column in zip(b"rgb", columns, strict=True)}
        tags |= {b"%cTRC" % n: curve for n, curve in zip(b"rgb", curves, strict=True)}
    tags[b"wtpt"] = b"XYZ " + bytes(4) + _fixed(*d50)
    return _profile(tags, b"mntr", space, meets)


def _profile(tags: dict[bytes, bytes], sort: bytes, space: bytes, meets: bytes) -> bytes:
    at, table, body = 132 + 12 * len(tags), b"", b""
    for name, tag in tags.items():
        table += struct.pack(">4sII", name, at + len(body), len(tag))
        body += tag + bytes(-len(tag) % 4)
    header = struct.pack(">I4sI4s4s4s12x4s28x", at + len(body), b"test", 0x02400000, sort, space, meets, b"acsp")
    header += _fixed(0.9642, 1.0, 0.8249) + bytes(48)
    return header + struct.pack(">I", len(tags)) + table + body


def cmyk_profile(lab: np.ndarray) -> bytes:
    """A profile of a printer, by the Lab colours (8 bits, as ICC counts them) of the 16 corners of its inks: none of
    all, black, yellow, yellow and black, …"""
    ramp = bytes(range(256))
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + _fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    table += ramp * 4 + lab.astype(np.uint8).tobytes() + ramp * 3
    tags = {b"A2B0": table, b"wtpt": b"XYZ " + bytes(4) + _fixed(0.9642, 1.0, 0.8249)}
    return _profile(tags, b"prtr", b"CMYK", b"Lab ")


def gamma(exponent: float) -> bytes:
    return b"curv" + struct.pack(">4xIH", 1, round(exponent * 256)) + bytes(2)


def sampled(curve, count: int = 1024) -> bytes:
    points = np.rint(curve(np.linspace(0, 1, count)) * 65535).astype(">u2")
    return b"curv" + struct.pack(">4xI", count) + points.tobytes()


def parametric(kind: int, *parameters: float) -> bytes:
    return b"para" + struct.pack(">4xH2x", kind) + _fixed(*parameters)


def _fixed(*numbers: float) -> bytes:
    return struct.pack(f">{len(numbers)}i", *(round(each * 65536) for each in numbers))


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def iccp(profile: bytes) -> bytes:
    return chunk(b"iCCP", b"made\0\0" + zlib.compress(profile))


def png(samples: np.ndarray, depth: int = 8, color: int = 2, *chunks: bytes) -> bytes:
    """A PNG of samples, H×W×C, as numbers of so many bits and a colour type; `chunks` come before these."""
    height, width = samples.shape[:2]
    flat = samples.reshape(height, -1)
    if depth == 16:
        rows = flat.astype(">u2").view(np.uint8).reshape(height, -1)
    else:
        bits = np.unpackbits(flat.astype(np.uint8)[:, :, None], axis=2)[:, :, 8 - depth :]
        rows = np.packbits(bits.reshape(height, -1), axis=1)
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    packed = zlib.compress(np.insert(rows, 0, 0, axis=1).tobytes())
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [chunk(b"IHDR", header), *chunks, chunk(b"IDAT", packed), chunk(b"IEND", b"")]
    )


def apng(files: list[bytes], ways: list[tuple[int, ...]], still: bytes = b"", plays: int = 0) -> bytes:
    """An animated PNG of the samples of several, with what the first says; `ways`: where the upper left corner of each
    is (across, down), what becomes of its place, how it comes there, and how many hundredths of a second it is seen.
    `still`: one that is no frame, and makes the picture's size."""
    first = still or files[0]
    end = next(at for at, name, _ in _chunks(first) if name == b"IDAT")
    result = [first[:end], chunk(b"acTL", struct.pack(">II", len(files), plays))]
    result += [chunk(b"IDAT", body) for _, name, body in _chunks(still) if name == b"IDAT"]
    numbers = iter(range(2 * len(files)))
    for number, (file, (left, top, disposal, blending, hundredths)) in enumerate(zip(files, ways, strict=True)):
        size = struct.unpack_from(">II", file, 16)
        control = struct.pack(">IIIIIHHBB", next(numbers), *size, left, top, hundredths, 100, disposal, blending)
        result.append(chunk(b"fcTL", control))
        (samples,) = (body for _, name, body in _chunks(file) if name == b"IDAT")
        is_still = number == 0 and not still
        samples = samples if is_still else struct.pack(">I", next(numbers)) + samples
        result.append(chunk(b"IDAT" if is_still else b"fdAT", samples))
    return b"".join([*result, chunk(b"IEND", b"")])


def _chunks(png: bytes) -> list[tuple[int, bytes, bytes]]:
    """Where each begins, its name and its body."""
    at, found = 8, []
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        found.append((at, png[at + 4 : at + 8], png[at + 8 : at + 8 + length]))
        at += 12 + length
    return found


def pages(*files: bytes) -> bytes:
    """One TIFF that has the pages of several, all of one order: what is in each is moved behind those before."""
    order = "<" if files[0].startswith(b"II") else ">"
    whole, link = bytearray(), 4
    for file in files:
        start = len(whole)
        whole += file
        (directory,) = struct.unpack_from(order + "I", file, 4)
        struct.pack_into(order + "I", whole, link, start + directory)
        link = _move(whole, order, start, start + directory)
    return bytes(whole)


def _move(whole: bytearray, order: str, way: int, directory: int) -> int:
    """Says in a directory, which is there already, that all its places are further back; returns where it ends."""
    (count,) = struct.unpack_from(order + "H", whole, directory)
    for entry in range(directory + 2, directory + 2 + 12 * count, 12):
        tag, kind, number, value = struct.unpack_from(order + "HHII", whole, entry)
        is_far = number * {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1}[kind] > 4
        if is_far:
            struct.pack_into(order + "I", whole, entry + 8, way + value)
        places = way + value if is_far else entry + 8
        for place in range(places, places + 4 * number * (tag in (273, 34665, 40965)), 4):  # strips, EXIF's directories
            (old,) = struct.unpack_from(order + "I", whole, place)
            struct.pack_into(order + "I", whole, place, way + old)
            if tag != 273:
                _move(whole, order, way, way + old)
    return directory + 2 + 12 * count


def tiff(samples: np.ndarray, meaning: int, order: str = "<", packed: bool = False, **tags) -> bytes:
    """A TIFF of samples, H×W×C, of the type that they have; `meaning` is its PhotometricInterpretation (0: white is
    zero, 1: black is, 2: RGB). Further tags: `extra` (of alpha), `profile`, `bits`; and `rows`: so many are in a strip,
    and each channel has strips of its own; `lies`: EXIF's number for it."""
    height, width, channels = samples.shape
    samples = samples.astype(samples.dtype.newbyteorder(order))
    rows = tags.get("rows", height)
    parts = [samples]
    if "rows" in tags:
        parts = [samples[top : top + rows, :, each] for each in range(channels) for top in range(0, height, rows)]
    strips = [zlib.compress(part.tobytes()) if packed else part.tobytes() for part in parts]
    places = [8 + sum(map(len, strips[:each])) for each in range(len(strips))]
    body = b"".join(strips)
    bits = tags.get("bits", samples.dtype.itemsize * 8)
    entries = {
        256: ("I", [width]),
        257: ("I", [height]),
        258: ("H", [bits] * channels),
        259: ("H", [8 if packed else 1]),
    }
    entries |= {262: ("H", [meaning]), 273: ("I", places), 277: ("H", [channels]), 278: ("I", [rows])}
    entries |= {279: ("I", [len(strip) for strip in strips]), 284: ("H", [2 if "rows" in tags else 1])}
    entries |= {339: ("H", [3 if samples.dtype.kind == "f" else 1] * channels)}
    if "lies" in tags:
        entries[274] = ("H", [tags["lies"]])
    if "extra" in tags:
        entries[338] = ("H", [tags["extra"]])
    if "profile" in tags:
        entries[34675] = ("B", list(tags["profile"]))
    codes = {"B": 1, "H": 3, "I": 4}
    body += bytes(len(body) % 2)
    directory, far = b"", b""
    first = 8 + len(body)
    after = first + 2 + 12 * len(entries) + 4
    for tag, (kind, values) in sorted(entries.items()):
        data = struct.pack(f"{order}{len(values)}{kind}", *values)
        place = data.ljust(4, b"\0") if len(data) <= 4 else struct.pack(order + "I", after + len(far))
        far += data + bytes(len(data) % 2) if len(data) > 4 else b""
        directory += struct.pack(order + "HHI", tag, codes[kind], len(values)) + place
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", first)
    return head + body + struct.pack(order + "H", len(entries)) + directory + bytes(4) + far
