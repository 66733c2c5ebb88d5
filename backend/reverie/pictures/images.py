"""Pictures in and out: files, bytes and arrays.

Inside the backend a picture is a float32 array, height × width × channels, 3 (RGB) or 4 (RGB and straight alpha)
channels, values in [0, 1], sRGB-encoded.
"""

from __future__ import annotations

import io
import tempfile
import warnings
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError

from reverie.errors import ReverieError, Sentence
from reverie.files import replace_with

Picture = NDArray[np.float32]
Depth = Literal["u1", "u2", "f4"]

MAX_PIXELS = 100_000_000
FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP", "PPM", "AVIF")
"""What is read and written. Pillow knows many more, which nobody needs here; for some it starts other programs."""
warnings.filterwarnings("ignore", module="PIL")  # what is wrong with a picture is said in sentences, or harmless
_ABOVE_WHITE = 2.0  # floats may overshoot a little; a picture in 0 to 255 reaches more
_FULL_SCALE: dict[str, float] = {"u1": 255.0, "u2": 65535.0, "f4": 1.0}
_DAMAGED = Sentence("The .npy data is damaged or incomplete; send the picture again.")
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
    return _from_array(_read_npy(data)) if data.startswith(b"\x93NUMPY") else _from_file(data)


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
    data = encode_npy(picture, "f4") if path.suffix.lower() == ".npy" else _encode(path, picture)
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


def on_white(picture: Picture) -> Picture:
    """The picture, H×W×3, as it looks on white paper."""
    if picture.shape[2] == 3:
        return picture
    return picture[:, :, :3] * picture[:, :, 3:] + 1 - picture[:, :, 3:]


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


def encode_npy(picture: Picture, depth: Depth, channels: int | None = None) -> bytes:
    """The picture as a .npy array, H×W×C, of unsigned 8 bits ("u1"), 16 bits ("u2") or float32 ("f4").

    `channels` 1 or 2 (with alpha) gives the luminance, 3 drops alpha, 4 adds an opaque one.
    """
    if channels is not None:
        picture = _with_channels(picture, channels)
    array: NDArray[Any] = np.ascontiguousarray(picture, dtype="<f4")
    if depth != "f4":
        array = np.rint(np.clip(picture, 0, 1) * _FULL_SCALE[depth]).astype("<" + depth)
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def encode_png(picture: Picture) -> bytes:
    """The picture as an 8-bit PNG."""
    buffer = io.BytesIO()
    _to_pillow(picture).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def inspect(data: bytes) -> tuple[tuple[int, int, int], Depth]:
    """Height, width and channels (1 to 4) of what is in the bytes, and the sample type; files count as 8-bit.

    Raises ReverieError for what `decode` would refuse.
    """
    if not data.startswith(b"\x93NUMPY"):
        height, width, channels = decode(data).shape
        return (height, width, channels), "u1"
    array = _read_npy(data)
    depth: Depth = "u1" if array.dtype.itemsize == 1 else "u2" if array.dtype.itemsize == 2 else "f4"
    return (array.shape[0], array.shape[1], 1 if array.ndim == 2 else array.shape[2]), depth


def _read_npy(data: bytes) -> NDArray[Any]:
    stream = io.BytesIO(data)
    shape, dtype = _npy_header(stream)
    if dtype.kind + str(dtype.itemsize) not in _FULL_SCALE:
        raise ReverieError(f"The array holds {dtype}; a picture is uint8, uint16 or float32.")
    _check_shape(shape)
    stream.seek(0)
    try:
        array = np.asarray(np.lib.format.read_array(stream, allow_pickle=False))
    except (ValueError, TypeError, EOFError, OSError) as error:
        raise ReverieError(_DAMAGED.template) from error
    _check_finite(array)
    return array


def _npy_header(stream: io.BytesIO) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and sample type that the bytes of an array begin with. Raises ReverieError for whatever is wrong: NumPy has
    Python's own parser read them, which fails in many ways."""
    try:
        version = np.lib.format.read_magic(stream)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read_header(stream)
    except Exception as error:
        raise ReverieError(_DAMAGED.template) from error
    return shape, dtype


def _check_finite(array: NDArray[Any]) -> None:
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ReverieError("The picture holds values that are not numbers (NaN or infinity); remove them first.")


def _check_shape(shape: tuple[int, ...]) -> None:
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (1, 2, 3, 4)):
        raise ReverieError(f"An array of shape {shape} is no picture; height × width × (1 to 4) channels is.")
    _check_size(shape[1], shape[0])


def _check_size(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise ReverieError("The picture has no pixels.")
    if width * height > MAX_PIXELS:
        raise ReverieError(
            "The picture has {width}×{height} pixels, more than the {most} megapixels that are accepted; reduce it "
            "first.",
            width=width,
            height=height,
            most=MAX_PIXELS // 10**6,
        )


def _from_array(array: NDArray[Any]) -> Picture:
    scale = _FULL_SCALE[array.dtype.kind + str(array.dtype.itemsize)]
    picture = np.asarray(array, dtype=np.float32) / np.float32(scale)
    if picture.ndim == 2:
        picture = picture[:, :, None]
    return _with_channels(picture, 4 if picture.shape[2] in (2, 4) else 3)


def _with_channels(picture: Picture, channels: int) -> Picture:
    """Converts between grey, grey+alpha, RGB and RGBA; the weights are those of Rec. 709 luma, as in GIMP."""
    color, alpha = (picture[:, :, :-1], picture[:, :, -1:]) if picture.shape[2] in (2, 4) else (picture, None)
    if channels in (1, 2) and color.shape[2] == 3:
        color = (color @ np.array([0.2126, 0.7152, 0.0722], np.float32))[:, :, None]
    elif channels in (3, 4) and color.shape[2] == 1:
        color = np.repeat(color, 3, axis=2)
    if channels in (2, 4):
        alpha = np.ones_like(color[:, :, :1]) if alpha is None else alpha
        color = np.concatenate([color, alpha], axis=2)
    return np.ascontiguousarray(color, dtype=np.float32)


def _from_file(data: bytes) -> Picture:
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_size(*image.size)
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
        return _with_channels(_deep_grey(upright)[:, :, None], 3)
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
    _check_finite(samples)
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
