"""Which device computes, in which precision, and how much picture suits it."""

from __future__ import annotations

import contextlib
import ctypes
import sys

import psutil
import torch

from reverie.errors import ReverieError

# Longest side, in pixels, of a picture that takes about half a minute from the defaults.
COMFORTABLE_SIZE = {"cpu": 640, "mps": 1024, "xpu": 1024, "cuda": 1536}

OWN_MEMORY = {"cuda": torch.cuda, "xpu": torch.xpu}
"""What PyTorch has for the kinds of graphics processor with memory of their own: NVIDIA's and AMD's; Intel's."""

WITHOUT_FLOAT64 = ("mps", "xpu")  # Apple's graphics processors, and most of Intel's


def choose(name: str) -> torch.device:
    """The device for "auto", "cpu", "cuda", "xpu" or "mps". Raises ReverieError for one that this machine has not."""
    present = {kind: own.is_available() for kind, own in OWN_MEMORY.items()}
    present |= {"mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(kind for kind, there in present.items() if there))
    if name not in present:
        raise ReverieError(f"There is no device “{name}”; choose auto, cpu, cuda, xpu or mps.", "device")
    if not present[name]:
        raise ReverieError(
            f"PyTorch finds no {name} device here. `reverie gimp doctor` says why; device “cpu” always works.",
            "device",
        )
    return torch.device(name)


def precision(name: str, device: torch.device) -> torch.dtype:
    """The network's number format for "auto", "float32" or "bfloat16"; auto takes bfloat16 where it is native, since
    losses and pictures come out the same at about half the time."""
    if name == "auto":
        return torch.bfloat16 if _has_native_bfloat16(device) else torch.float32
    return torch.bfloat16 if name == "bfloat16" else torch.float32


def autocast(device: torch.device, precision: torch.dtype) -> contextlib.AbstractContextManager[object]:
    """The context in which convolutions and matrix products compute in a number format; float32 leaves all as it is."""
    if precision == torch.float32:
        return contextlib.nullcontext()
    return torch.autocast(device.type, precision)


def _has_native_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device)[0] >= 8  # Ampere and later
    if device.type == "cpu":
        able = torch.cpu.get_capabilities()
        return bool(able.get("avx512_bf16") or able.get("amx_bf16"))
    return False


def title(device: torch.device) -> str:
    """The device's name for people."""
    own = OWN_MEMORY.get(device.type)
    return f"{device.type} ({own.get_device_name(device)})" if own else device.type


def memory(device: torch.device) -> dict[str, int]:
    """Free and total memory of the device in bytes."""
    if own := OWN_MEMORY.get(device.type):
        free, total = own.mem_get_info(device)
        return {"free": free, "total": total}
    here = psutil.virtual_memory()
    return {"free": here.available, "total": here.total}


def at_hand(device: torch.device) -> int:
    """Bytes of the device's memory that PyTorch keeps for the next job, and that are not free to others."""
    own = OWN_MEMORY.get(device.type)
    return own.memory_reserved(device) - own.memory_allocated(device) if own else 0


def fork_random_numbers(device: torch.device) -> contextlib.AbstractContextManager[object]:
    """The context after which random numbers go on as they did before, on the CPU and on the device."""
    return torch.random.fork_rng([device] if device.type in OWN_MEMORY else [], device_type=device.type)


def float64(value: torch.Tensor) -> torch.Tensor:
    """The same numbers as float64: on the CPU, where the device has none."""
    return value.cpu().double() if value.device.type in WITHOUT_FLOAT64 else value.double()


def wait_for(device: torch.device) -> None:
    """Waits until the device has done what it was told: a GPU is told ahead, and time is to be measured without."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def keep_freed_memory(keep: bool = True) -> None:
    """Makes glibc keep freed memory instead of returning it to the kernel after each iteration, or stop doing so.

    An iteration frees and asks again for the same hundreds of megabytes; the kernel zeroes every page of them each
    time, which costs up to half the time on the CPU. The price is a heap with holes, which a picture so large that it
    is computed in tiles cannot pay. A no-op with other C libraries.
    """
    libc = _glibc()
    if libc is None:
        return  # slower, not wrong
    mallopt = libc.mallopt
    # malloc.h: M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD, M_MMAP_MAX
    trim_threshold, top_pad, mmap_threshold, mmap_max = -1, -2, -3, -4
    mallopt(mmap_max, 0 if keep else 65536)  # else: glibc's own settings
    mallopt(mmap_threshold, 4 << 20)  # but this: it grows to 32 MB by itself, and what is smaller leaves holes
    mallopt(trim_threshold, 2**31 - 1 if keep else 128 << 10)
    mallopt(top_pad, 256 << 20 if keep else 0)


def give_memory_back() -> None:
    """Returns to the system what was freed and kept for the next iteration. Takes up to a second after a large job."""
    keep_freed_memory(False)
    libc = _glibc()
    if libc is not None:
        libc.malloc_trim(0)
    empty_caches()


def empty_caches() -> None:
    """Returns to the system what PyTorch keeps of graphics processors' memory."""
    for own in OWN_MEMORY.values():
        if own.is_available():
            own.empty_cache()


def _glibc() -> ctypes.CDLL | None:
    """The C library, where it is the GNU one: others (musl, for example) have no such settings."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        libc = ctypes.CDLL("libc.so.6")
    except OSError:
        return None
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None
