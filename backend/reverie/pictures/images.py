"""Pictures in files, and in the bytes of files."""

from __future__ import annotations

import io
import tempfile
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError

from reverie.errors import ReverieError
from reverie.files import replace_with
from reverie.pictures import npy
from reverie.pictures.picture import MAX_PIXELS, Picture, check_finite, check_size, on_white, with_channels

FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP", "PPM", "AVIF")
"""What is read and written. Pillow knows many more, which nobody needs here; for some it starts other programs."""
warnings.filterwarnings("ignore", module="PIL")  # what is wrong with a picture is said in sentences, or harmless
_ABOVE_WHITE = 2.0  # floats may overshoot a little; a picture in 0 to 255 reaches more
_TURNS = {  # what makes a picture upright, by EXIF's number for how it lies
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode(data: bytes) -> Picture:
    """The picture in the bytes of a .npy array (uint8, uint16 or float32) or a PNG, JPEG, TIFF, WebP… file.

    Grey pictures become RGB. Raises ReverieError when the bytes are no picture, or one too large or not finite.
    """
    return npy.decode(data) if data.startswith(npy.MAGIC) else _from_file(data)


def read(path: str | Path) -> Picture:
    """The picture in a file; see `decode`. Raises ReverieError, also when the file cannot be read."""
    try:
        data = Path(path).read_bytes()
    except (OSError, ValueError) as error:  # no file's name has a zero byte
        raise ReverieError(f"“{path}” cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    try:
        return decode(data)
    except ReverieError as error:
        raise ReverieError(f"“{path}”: {error.message}") from error


def write(path: str | Path, picture: Picture) -> None:
    """Saves a picture in the format that the file's ending names. A file that was there stays until the new one is
    complete. Raises ReverieError."""
    path = Path(path)
    data = npy.encode(picture, "f4") if path.suffix.lower() == ".npy" else _encode(path, picture)
    replace_with(path, lambda part: part.write_bytes(data))


def _encode(path: Path, picture: Picture) -> bytes:
    """The picture in the format that the path's ending names."""
    format_name = _format_of(path)
    image = _to_pillow(on_white(picture) if format_name in ("JPEG", "BMP", "PPM") else picture)  # these have no alpha
    buffer = io.BytesIO()
    try:
        image.save(buffer, format_name, **({"quality": 95} if format_name in ("JPEG", "WEBP") else {}))
    except (OSError, ValueError) as error:  # too large a side for the format, for example
        raise ReverieError(
            f"A picture of {image.width}×{image.height} pixels cannot be saved as “{path.name}” ({error}); use .png."
        ) from error
    return buffer.getvalue()


def _format_of(path: Path) -> str:
    """Pillow's name of the format that the path's ending names. Raises ReverieError for one that is not written."""
    format_name = Image.registered_extensions().get(path.suffix.lower())
    if format_name not in FORMATS or format_name not in Image.SAVE:
        raise ReverieError(
            f"“{path.name}” does not end in the name of a picture format; use .png or .jpg, for example.", "output"
        )
    return format_name


def check_target(path: Path) -> None:
    """Raises ReverieError for a file that `write` could not write, before any work goes into the picture."""
    if path.suffix.lower() != ".npy":
        _format_of(path)
    try:
        is_folder = path.is_dir()
    except OSError as error:  # too long a name, for example
        raise ReverieError(
            f"“{path}” cannot be written: {error.strerror or error}. Choose another name.", "output"
        ) from error
    if is_folder:
        raise ReverieError(f"“{path}” is a folder; name a file in it for the result.", "output")
    if not path.parent.is_dir():
        raise ReverieError(f"The folder “{path.parent}” for the result does not exist; make it first.", "output")
    check_folder(path.parent)


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
    buffer = io.BytesIO()
    _to_pillow(picture).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def inspect(data: bytes) -> tuple[tuple[int, int, int], npy.Depth]:
    """Height, width and channels (1 to 4) of what is in the bytes, and the sample type; files count as 8-bit.

    Raises ReverieError for what `decode` would refuse.
    """
    if data.startswith(npy.MAGIC):
        return npy.inspect(data)
    height, width, channels = decode(data).shape
    return (height, width, channels), "u1"


def _from_file(data: bytes) -> Picture:
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            check_size(*image.size)
            return _from_pillow(image)
    except UnidentifiedImageError as error:
        raise ReverieError("This is no picture that can be read; PNG, JPEG, TIFF and WebP files are.") from error
    except Image.DecompressionBombError as error:
        raise ReverieError(
            "The picture is larger than the {most} megapixels that are accepted.", most=MAX_PIXELS // 10**6
        ) from error
    except (ReverieError, MemoryError):
        raise
    except Exception as error:  # of a damaged file, Pillow's decoders raise whatever comes
        raise ReverieError("The picture file is damaged or incomplete; save or copy it again.") from error


def _from_pillow(image: Image.Image) -> Picture:
    profile = image.info.get("icc_profile")
    upright = _upright(image)
    if upright.mode == "F" or upright.mode.startswith("I"):  # grey of more than 8 bits
        return with_channels(_deep_grey(upright)[:, :, None], 3)
    has_alpha = upright.has_transparency_data
    if profile:
        upright = _to_srgb(upright, profile)
    picture: Picture = np.asarray(upright.convert("RGBA" if has_alpha else "RGB"), dtype=np.float32) / np.float32(255)
    return picture


def _upright(image: Image.Image) -> Image.Image:
    """The picture turned as its EXIF says. `ImageOps.exif_transpose` also writes the EXIF anew, which fails for many a
    photo that has a tag of the wrong type."""
    image.load()  # EXIF may lie behind the samples
    turn = _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    return image if turn is None else image.transpose(turn)


def _deep_grey(image: Image.Image) -> NDArray[np.float32]:
    """Samples of 16 bits, also where the file has room for more, or floats, of which 1 is white."""
    samples = np.asarray(image)
    check_finite(samples)
    white = 1.0 if image.mode == "F" else 65535.0
    if samples.max() > _ABOVE_WHITE * white:
        raise ReverieError(
            f"The picture's samples reach {samples.max():g}, and where white is among them cannot be known; save it "
            "with 8 or 16 bits."
        )
    grey: NDArray[np.float32] = (samples.astype(np.float32) / np.float32(white)).clip(0, 1)
    return grey


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    if image.mode not in ("RGB", "RGBA", "CMYK"):
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), outputMode="RGBA" if image.mode == "RGBA" else "RGB"
        )
    except (ImageCms.PyCMSError, OSError):
        return image  # a broken profile must not cost the picture: its numbers are then read as sRGB
    return converted if converted is not None else image


def _to_pillow(picture: Picture) -> Image.Image:
    return Image.fromarray(np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8))
