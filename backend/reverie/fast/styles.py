"""The fast styles on this machine: those that come with Reverie, and the user's own.

A file of styles is in safetensors form: `style/NAME` is a style's vector. With the parameters `network/…` and the
`architecture` in its metadata it stands by itself; without, its styles belong to the network that comes with Reverie,
whose fingerprint is the `base` in its metadata.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from reverie.errors import ReverieError
from reverie.fast.network import Architecture, StyleNetwork
from reverie.files import replace_with

BUNDLED = Path(__file__).resolve().parent.parent / "models" / "fast.safetensors"
_LARGEST = 64 << 20  # bytes; the largest network that is imported has 7 MB


@dataclass(frozen=True)
class FastStyle:
    """A style that is painted in one pass; `vector` is 1×style_size."""

    name: str
    network: StyleNetwork
    vector: Tensor


def folder() -> Path:
    """Where the user's own styles are; it may not exist yet."""
    return platformdirs.user_data_path("reverie", appauthor=False) / "styles"


def names() -> list[str]:
    """Of all fast styles: those that come with Reverie, then the user's."""
    return [*bundled(), *(name for name in _own() if name not in bundled())]


def _own() -> list[str]:
    return sorted(file.stem for file in folder().glob("*.safetensors")) if folder().is_dir() else []


def bundled() -> list[str]:
    """The names of the styles that come with Reverie."""
    return sorted(_read(BUNDLED)[1]) if BUNDLED.exists() else []


def file_of(name: str) -> Path:
    """The file of a style of the user's."""
    return folder() / f"{name}.safetensors"


def file_for_new(name: str) -> Path:
    """The file for a new style. Raises ReverieError for a name that cannot be used, or is taken."""
    check_name(name)
    if name in bundled():
        raise ReverieError("There is a fast style “{name}” already. Choose another name.", "name", name=name)
    if name in names():
        raise ReverieError(
            "There is a fast style “{name}” already. Choose another name, or remove that one first.",
            "name",
            name=name,
        )
    return file_of(name)


def check_name(name: str) -> None:
    """Raises ReverieError for one that a style cannot have: it is a file's, too."""
    if not re.fullmatch(r"\w[\w -]{0,63}", name):
        raise ReverieError(
            "“{name}” cannot name a style: use letters, digits, spaces, - and _ only.", "name", name=name[:80]
        )


def listed() -> list[dict[str, object]]:
    """A row a style: name, title, and whether it comes with Reverie."""
    own = bundled()
    return [{"name": name, "title": _title(name), "bundled": name in own} for name in names()]


def _title(name: str) -> str:
    spoken = name.replace("_", " ")
    return spoken[:1].upper() + spoken[1:]


def remove(name: str) -> None:
    """Removes a style of the user's, with its sample, finished or not. Raises ReverieError."""
    unfinished = [file.stem for file in folder().glob("*.state")]
    if name not in _own() + unfinished:
        raise ReverieError("There is no style of yours called “{name}”.", "name", name=name[:80])
    try:
        for file in (file_of(name), file_of(name).with_suffix(".png"), file_of(name).with_suffix(".state")):
            file.unlink(missing_ok=True)
    except OSError as error:
        raise ReverieError(f"“{file}” cannot be removed: {error.strerror or error}.") from error


def load(name: str, field: str = "fast") -> FastStyle:
    """A style by its name. Raises ReverieError for one that there is not, or whose file is not in order."""
    if name in bundled():
        network, vectors = _read(BUNDLED)
        assert network is not None  # the bundled file stands by itself
        return FastStyle(name, network, vectors[name])
    file = file_of(name)
    if name not in names():
        raise ReverieError(
            "There is no fast style “{name}”; there are {others}. `train-style` makes new ones.",
            field,
            name=name,
            others=", ".join(names()),
        )
    network, vectors = _read(file)
    if name not in vectors:
        raise ReverieError(f"“{file}” holds no style “{name}”: was it renamed? Train or import it again.", field)
    return FastStyle(name, network or base(), vectors[name])


def base() -> StyleNetwork:
    """The network that comes with Reverie, which new styles are learnt on."""
    network, _ = _read(BUNDLED)
    assert network is not None
    return network


def save(file: Path, vectors: Mapping[str, Tensor], network: StyleNetwork | None = None) -> None:
    """Writes styles, with the network if it is not the one that comes with Reverie. Raises ReverieError."""
    keep = _exact if network is not None and network.architecture.is_of_others else _half
    tensors = {f"style/{name}": keep(vector) for name, vector in vectors.items()}
    if network is None:
        metadata = {"base": fingerprint(base())}
    else:
        tensors |= {f"network/{name}": keep(value) for name, value in network.state_dict().items()}
        metadata = {"architecture": json.dumps(asdict(network.architecture))}
    replace_with(file, lambda part: save_file(tensors, part, {"format": "reverie-style", **metadata}))


def fingerprint(network: StyleNetwork) -> str:
    """Of a network's parameters as they are kept."""
    digest = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        digest.update(name.encode() + _half(value).numpy().tobytes())
    return digest.hexdigest()


def _exact(value: Tensor) -> Tensor:
    return value.detach().to("cpu", torch.float32).contiguous()


def _half(value: Tensor) -> Tensor:
    return value.detach().to("cpu", torch.float16).contiguous()


def _read(file: Path) -> tuple[StyleNetwork | None, dict[str, Tensor]]:
    try:
        stat = file.stat()
    except OSError as error:
        raise ReverieError(f"The style file “{file}” cannot be read: {error.strerror or error}.") from error
    return _parse(file, stat.st_mtime_ns, stat.st_size)


@functools.lru_cache(maxsize=32)
def _parse(file: Path, changed: int, size: int) -> tuple[StyleNetwork | None, dict[str, Tensor]]:
    """The network in a file, if it has its own, and its styles. It is read again only when it has changed."""
    try:
        if size > _LARGEST:
            raise ValueError("it is too large")
        with safe_open(file, "pt") as opened:
            metadata = opened.metadata() or {}
            tensors = {name: opened.get_tensor(name).float() for name in opened.keys()}  # noqa: SIM118
        if metadata.get("format") != "reverie-style":
            raise ValueError("it is not marked as one")
        network = _build(json.loads(metadata["architecture"]), tensors) if "architecture" in metadata else None
        vectors = {name.removeprefix("style/"): value for name, value in tensors.items() if name.startswith("style/")}
        wanted = (network or base()).architecture.style_size
        if not vectors or any(vector.shape != (1, wanted) for vector in vectors.values()):
            raise ValueError("its styles are of another size")
        if not all(torch.isfinite(value).all() for value in tensors.values()):
            raise ValueError("some of its numbers are not finite")
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError) as error:
        remedy = "Install Reverie again" if file == BUNDLED else "Train or import the style again"
        raise ReverieError(f"“{file}” is damaged or no file of fast styles ({error}). {remedy}.") from error
    if network is None and metadata.get("base") != fingerprint(base()):
        raise ReverieError(
            f"The style in “{file}” was learnt on the network of another version of Reverie. Train it again."
        )
    return network, vectors


def _build(document: dict[str, object], tensors: Mapping[str, Tensor]) -> StyleNetwork:
    widths, blocks, kernel, enlarging = (document[name] for name in ("widths", "blocks", "kernel", "enlarging"))
    reducing = document.get("reducing", "stride")  # which files of older versions do not say
    if enlarging not in ("bilinear", "nearest") or reducing not in ("average", "stride"):
        raise ValueError("its way of enlarging or reducing is unknown")
    if not (isinstance(widths, list) and isinstance(blocks, int) and isinstance(kernel, int)):
        raise ValueError("its architecture is not described in whole numbers")
    sane = 0 < len(widths) <= 6 and all(isinstance(width, int) and 0 < width <= 512 for width in widths)
    if not sane or blocks > 32 or kernel > 31:
        raise ValueError("its architecture is out of all proportion")
    network = StyleNetwork(
        Architecture(
            tuple(widths),
            blocks,
            kernel,
            "average" if reducing == "average" else "stride",
            "nearest" if enlarging == "nearest" else "bilinear",
        )
    )
    network.load_state_dict(
        {name.removeprefix("network/"): value for name, value in tensors.items() if name.startswith("network/")}
    )
    return network.requires_grad_(False).eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
