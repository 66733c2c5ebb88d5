"""Pictures in files, and in the bytes of files."""

from __future__ import annotations

import contextlib
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from reverie.errors import ReverieError
from reverie.files import address, check_writable, replace_with
from reverie.pictures import encoded, kinds, npy
from reverie.pictures.decoded import Opened
from reverie.pictures.encoded import Depth
from reverie.pictures.kept import Kept
from reverie.pictures.picture import MAX_PIXELS, Picture

warnings.filterwarnings("ignore", module="PIL")  # what is wrong with a picture is said in sentences, or harmless


def decode(data: bytes) -> Picture:
    """The picture in the bytes of a .npy array (uint8, uint16 or float32) or a PNG, JPEG, TIFF, WebP… file.

    Grey pictures become RGB. Raises ReverieError when the bytes are no picture, or one too large or not finite.
    """
    return npy.decode(data) if data.startswith(npy.MAGIC) else _from_file(data)


def read(path: str | Path) -> Picture:
    """The picture in a file; see `decode`. Raises ReverieError, also when the file cannot be read."""
    data = load(path)
    with naming(path):
        return decode(data)


def size(path: str | Path) -> tuple[int, int]:
    """Width and height of the picture in a file, upright, without unpacking it. Raises ReverieError as `read` does, but
    for what is damaged further on."""
    with opened_file(path) as file:
        if file is not None:
            return file.size
    height, width = read(path).shape[:2]
    return width, height


def kept(path: str | Path) -> Kept:
    """What a file says of its picture that a result keeps. Raises ReverieError as `size` does."""
    with opened_file(path) as file:
        return Kept() if file is None else file.kept()


@contextlib.contextmanager
def opened_file(path: str | Path) -> Iterator[Opened | None]:
    """A picture's file, opened and not yet unpacked; None for a .npy array. Raises ReverieError for what is none, while
    it is used, too."""
    data = load(path)
    with naming(path):
        if data.startswith(npy.MAGIC):
            yield None
            return
        with _opened(data) as file:
            yield file


def load(path: str | Path) -> bytes:
    """The bytes of a picture's file. Raises ReverieError when it cannot be read."""
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:  # no file's name has a zero byte
        if found := address(str(path)):
            raise ReverieError(
                f"“{found}” is an address, and pictures are not fetched: save it on this machine, and name the file."
            ) from error
        raise ReverieError(f"“{path}” cannot be read: {getattr(error, 'strerror', None) or error}.") from error


@contextlib.contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Whatever is wrong with the bytes of a file is said with its name. Raises ReverieError."""
    try:
        yield
    except ReverieError as error:
        raise ReverieError(f"“{path}”: {error.message}") from error


def write(path: str | Path, picture: Picture, kept: Kept | None = None, depth: Depth = 8) -> None:
    """Saves a picture; see `encode`. A file that was there stays until the new one is complete. Raises ReverieError."""
    save(path, encode(path, picture, kept, depth))


def encode(path: str | Path, picture: Picture, kept: Kept | None = None, depth: Depth = 8) -> bytes:
    """The bytes of a picture's file in the format that its ending names, as sRGB, with what is to be kept of the photo
    that it comes from, and 8 or 16 bits; .npy has floats. Raises ReverieError for what the format has no room for."""
    path = Path(path)
    is_array = path.suffix.lower() == ".npy"
    return npy.encode(picture, "f4") if is_array else encoded.encode(path, picture, kept or Kept(), depth)


def save(path: str | Path, data: bytes) -> None:
    """Puts the bytes of a picture's file there; a file that was there stays until the new one is complete. Raises
    ReverieError."""
    replace_with(Path(path), lambda part: part.write_bytes(data))


def has_format(path: Path) -> bool:
    """Whether a file's ending names a format that is read and written."""
    return path.suffix.lower() == ".npy" or encoded.format_of(path) is not None


def check_format(path: Path, depth: Depth = 8) -> None:
    """Raises ReverieError for a file whose ending names no format that is written, or none that has the depth."""
    if path.suffix.lower() != ".npy":
        encoded.check_format(path, depth)


def check_target(path: Path, depth: Depth = 8) -> None:
    """Raises ReverieError for a file that `write` could not write, before any work goes into the picture."""
    try:
        is_folder = path.is_dir()
    except OSError as error:  # too long a name, for example
        raise ReverieError(
            f"“{path}” cannot be written: {error.strerror or error}. Choose another name.", "output"
        ) from error
    if is_folder:
        raise ReverieError(f"“{path}” is a folder; name a file in it for the result.", "output")
    check_format(path, depth)
    if not path.parent.is_dir():
        raise ReverieError(f"The folder “{path.parent}” for the result does not exist; make it first.", "output")
    check_writable(path)
    check_folder(path.resolve().parent)


def check_folder(folder: Path) -> None:
    """Raises ReverieError when no file can be written into a folder."""
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise ReverieError(
            f"No file can be written into “{folder}”: {error.strerror or error}. Choose another folder.", "output"
        ) from error


def encode_png(picture: Picture) -> bytes:
    """The picture as an 8-bit PNG."""
    return encoded.png(picture)


def inspect(data: bytes) -> tuple[tuple[int, int, int], npy.Depth]:
    """Height, width and channels (1 to 4) of what is in the bytes, and the sample type; files count as 8-bit.

    A file's are told by its header, and cost nothing however large the picture is. Raises ReverieError for what is no
    picture, or too large.
    """
    if data.startswith(npy.MAGIC):
        return npy.inspect(data)
    with _opened(data) as file:
        return file.shape, "u1"


@contextlib.contextmanager
def _opened(data: bytes) -> Iterator[Opened]:
    """The file of a picture, opened and not yet unpacked. Raises ReverieError for what is none, while it is used,
    too."""
    try:
        with Opened(data) as file:
            yield file
    except UnidentifiedImageError as error:
        raise kinds.refusal(data) from error
    except Image.DecompressionBombError as error:
        raise ReverieError(
            "The picture is larger than the {most} megapixels that are accepted.", most=MAX_PIXELS // 10**6
        ) from error
    except (ReverieError, MemoryError):
        raise
    except Exception as error:  # of a damaged file, Pillow's decoders raise whatever comes
        raise ReverieError("The picture file is damaged or incomplete; save or copy it again.") from error


def _from_file(data: bytes) -> Picture:
    with _opened(data) as file:
        return file.picture()
