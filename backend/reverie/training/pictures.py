"""What networks learn from: photos, and pictures made of noise that have the statistics of photos."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from reverie.errors import ReverieError
from reverie.pictures import images
from reverie.pictures.picture import Picture
from reverie.pictures.resize import shrink_to

Photo = NDArray[np.uint8]


def in_folders(folders: Sequence[Path]) -> list[Path]:
    """The pictures in folders, sorted. Raises ReverieError for a folder without any."""
    found = []
    for folder in folders:
        here = [path for path in folder.glob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp")]
        if not here:
            raise ReverieError(f"There is no picture in “{folder}” to practise on (.jpg, .png or .webp).", "photos")
        found += here
    return sorted(found)


def load(files: Sequence[Path], longest: int = 1024) -> list[Photo]:
    """The pictures as H×W×3 bytes, none with a side longer than `longest` pixels, as they are seen: upright, in sRGB,
    without what is transparent. Raises ReverieError for a file that is none."""
    photos = []
    for file in files:
        try:
            picture = _seen(shrink_to(images.read(file), longest), file)
        except ReverieError as error:
            raise ReverieError(
                f"{error.message} It cannot be learnt from: take it out of the folder, or mend it.", "photos"
            ) from error
        photos.append(np.rint(picture.clip(0, 1) * 255).astype(np.uint8))
    return photos


def _seen(picture: Picture, file: Path) -> Picture:
    """The part, H×W×3, that holds all that is opaque; holes in it have the mean colour. Raises ReverieError where
    nothing is."""
    if picture.shape[2] == 3:
        return picture
    is_seen = picture[:, :, 3] > 0.5
    if not is_seen.any():
        raise ReverieError(f"“{file}” is transparent all over.")
    color = np.where(is_seen[:, :, None], picture[:, :, :3], picture[is_seen][:, :3].mean(0))
    rows, columns = (np.flatnonzero(is_seen.any(axis)) for axis in (1, 0))
    return color[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def dead_leaves(size: int, random: np.random.Generator) -> Photo:
    """Overlapping discs, boxes and stripes, in correlated colours: edges, textures and occlusion at all
    scales, as photos have (Lee, Mumford & Huang 2001; Baradad et al. 2021 learn from them).

    We depart from the papers' density of radii, 1/r³, and take 1/r²: at this size the former is confetti.
    """
    picture = np.empty((size, size, 3), np.float32)
    picture[:] = random.random(3)
    rows, columns = np.mgrid[:size, :size].astype(np.float32)
    base = random.random(3)
    for radius in 1 / random.uniform(2.5 / size, 1 / 5, 500):
        y, x, angle = random.uniform(0, size), random.uniform(0, size), random.uniform(0, np.pi)
        top, bottom = int(max(0, y - 1.5 * radius)), int(min(size, y + 1.5 * radius + 1))
        left, right = int(max(0, x - 1.5 * radius)), int(min(size, x + 1.5 * radius + 1))
        if bottom <= top or right <= left:
            continue
        dy, dx = rows[top:bottom, left:right] - y, columns[top:bottom, left:right] - x
        u, v = np.cos(angle) * dx + np.sin(angle) * dy, np.cos(angle) * dy - np.sin(angle) * dx
        inside = u * u + v * v < radius * radius if random.random() < 0.6 else np.maximum(abs(u), abs(v)) < radius
        color = np.clip(0.5 * base + 0.5 * random.random(3) + 0.25 * random.normal(), 0, 1)
        shade = 1 + random.uniform(-0.3, 0.3) * u / radius
        if random.random() < 0.35:  # a striped leaf
            shade = shade + 0.35 * np.sin(u * random.uniform(0.2, 2.5) + random.uniform(0, 6))
        picture[top:bottom, left:right][inside] = (color * shade[..., None])[inside]
    return np.asarray(np.clip(picture, 0, 1) * 255, np.uint8)


def fractal_noise(size: int, random: np.random.Generator) -> Photo:
    """Noise with a power spectrum of 1/fᵃ, bent so that it has plateaus and edges, in two or three colours."""
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None])
    frequency[0, 0] = 1
    spectrum = frequency ** -random.uniform(0.8, 2.2)
    layers = []
    for _ in range(2):
        noise = np.fft.irfft2(spectrum * np.fft.rfft2(random.normal(size=(size, size))), s=(size, size))
        noise = (noise - noise.mean()) / noise.std()
        layers.append(np.sin(random.uniform(1, 4) * noise) if random.random() < 0.5 else np.tanh(noise))
    a, b = (layer[..., None] * 0.5 + 0.5 for layer in layers)
    one, two, three = random.random((3, 3))
    return np.asarray(np.clip((one * a + two * (1 - a)) * b + three * (1 - b), 0, 1) * 255, np.uint8)


def sky(size: int, random: np.random.Generator) -> Photo:
    """From one colour to another across the picture, with clouds that are hardly seen: what is flat in photos."""
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None])
    frequency[0, 0] = 1
    clouds = np.fft.irfft2(frequency**-2.0 * np.fft.rfft2(random.normal(size=(size, size))), s=(size, size))
    rows, columns = np.mgrid[:size, :size] / size
    angle = random.uniform(0, 2 * np.pi)
    across = np.cos(angle) * columns + np.sin(angle) * rows + random.uniform(0, 0.4) * clouds / clouds.std()
    colors = np.clip(random.random(3) + random.normal(size=(2, 3)) * 0.12, 0, 1)
    share = np.clip(across, 0, 1)[..., None]
    return np.asarray(np.clip(colors[0] * share + colors[1] * (1 - share), 0, 1) * 255, np.uint8)


class Crops:
    """Batches of random crops: of random scale, flipped, with colours, noise and sharpness changed."""

    def __init__(
        self, photos: Sequence[Photo], seed: int, generated: int = 120, altered: bool = True, skies: int = 0
    ) -> None:
        """Adds `generated` made pictures, and `skies`, to the photos; a fifth of all crops come from them, or all
        without photos. Colours and noise are left as they are unless `altered`."""
        self._random = np.random.default_rng(seed)
        self._altered = altered
        made = [(dead_leaves if i % 3 else fractal_noise)(320, self._random) for i in range(generated)]
        made += [sky(320, self._random) for _ in range(skies)]
        self._kinds: list[list[Photo]] = [list(photos), made, []]
        areas = np.array([photo.shape[0] * photo.shape[1] for photo in photos], float) ** 0.5
        self._chances = areas / areas.sum()

    def add(self, photo: Photo, most: int = 96) -> None:
        """Another picture, which takes the place of the oldest of its kind; a fourth of all crops come from these."""
        added = self._kinds[2]
        added.append(photo)
        del added[:-most]

    def restart(self, seed: int) -> None:
        """Begins another sequence of crops, of the same pictures."""
        self._random = np.random.default_rng(seed)

    def batch(self, count: int, size: int) -> Tensor:
        """count×3×size×size, RGB in 0 to 1."""
        return torch.cat([self._crop(size) for _ in range(count)])

    def _crop(self, size: int) -> Tensor:
        random = self._random
        kind = int(random.random() < 0.2 or not self._kinds[0])
        if self._kinds[2] and random.random() < 0.25:
            kind = 2
        pictures = self._kinds[kind]
        photo = pictures[random.choice(len(pictures), p=None if kind else self._chances)]
        height, width = photo.shape[:2]
        side = int(min(height, width, size / np.exp(random.uniform(np.log(0.35), np.log(1.4)))))
        top, left = random.integers(0, height - side + 1), random.integers(0, width - side + 1)
        crop = torch.from_numpy(photo[top : top + side, left : left + side].astype(np.float32) / 255)
        crop = crop.permute(2, 0, 1)[None]
        crop = functional.interpolate(crop, (size, size), mode="bicubic", antialias=True, align_corners=False)
        if random.random() < 0.5:
            crop = crop.flip(3)
        if random.random() < 0.25:
            crop = crop.transpose(2, 3)
        return (self._recolor(crop) if self._altered else crop).clamp(0, 1)

    def _recolor(self, crop: Tensor) -> Tensor:
        random = self._random
        if random.random() < 0.5:
            matrix = np.eye(3) + random.normal(size=(3, 3)) * 0.15
            mixed = torch.einsum("ij,njhw->nihw", torch.tensor(matrix, dtype=torch.float32), crop - crop.mean())
            crop = crop.mean() + mixed * float(random.uniform(0.6, 1.4)) + float(random.normal() * 0.08)
        if random.random() < 0.35:  # pictures half way through an optimisation are noisy
            crop = crop + torch.from_numpy(random.normal(size=crop.shape).astype(np.float32)) * float(
                random.uniform(0, 0.12)
            )
        return crop
