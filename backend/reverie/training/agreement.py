"""What the encoder and its teacher make of pictures, and how far they agree."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from reverie import device as devices
from reverie.networks.network import Network
from reverie.networks.reverie import LAYERS, PREPROCESSING, TEACHER, Encoder
from reverie.training import pictures, slopes

TEACHER_LAYERS = [layer for layer, _ in TEACHER.values()]
_MIDDLE = 256  # pixels: side of what slopes are measured on


def seen(teacher: Network, scales: list[Tensor], x: Tensor) -> list[Tensor]:
    """The teacher's features of N×3×H×W, each channel in units of its standard deviation."""
    features = teacher.features(x, TEACHER_LAYERS)
    return [
        features[layer] / scale.to(features[layer].dtype) for layer, scale in zip(TEACHER_LAYERS, scales, strict=True)
    ]


def predicted(encoder: Encoder, x: Tensor) -> list[Tensor]:
    """The encoder's predictions of them, not rectified."""
    with devices.autocast(x.device, devices.precision("auto", x.device)):
        predictions: list[Tensor] = encoder(PREPROCESSING(x).contiguous(memory_format=torch.channels_last))
    return predictions


def evaluate(encoder: Encoder, teacher: Network, scales: list[Tensor], photos: Sequence[pictures.Photo]) -> list[float]:
    """Share of the teacher's variance on photos that the rectified encoder explains, a layer each: 1 is perfect."""
    explained = torch.zeros(len(TEACHER_LAYERS))
    for photo in photos:
        # Whole multiples of the largest stride: elsewhere the teacher's sizes differ from ours by one.
        height, width = (side // 16 * 16 for side in photo.shape[:2])
        x = torch.tensor(photo[:height, :width], dtype=torch.float32).div(255).permute(2, 0, 1)[None]
        x = x.to(teacher.device)
        with torch.no_grad():
            pairs = zip(predicted(encoder, x), seen(teacher, scales, x), strict=True)
        for index, (prediction, target) in enumerate(pairs):
            error = (torch.relu(prediction.float()) - target.float()).square().mean()
            explained[index] += 1 - float(error / target.float().var((2, 3)).mean())
    return [float(value) / len(photos) for value in explained]


def agreement(
    encoder: Encoder, teacher: Network, scales: list[Tensor], photos: Sequence[pictures.Photo]
) -> list[float]:
    """Cosine of the encoder's and the teacher's gradients on the middles of photos: for style, and for a dream of the
    deepest layer. 1 is perfect."""
    middles = [_middle(photo) for photo in photos if min(photo.shape[:2]) >= _MIDDLE]
    if len(middles) < 2:  # each is asked for the style of the next
        return []
    x = torch.cat(middles).to(teacher.device).requires_grad_()
    targets, predictions = seen(teacher, scales, x), [torch.relu(each) for each in predicted(encoder, x)]
    return [
        1 - float(slopes.disagreement(slopes.gradient(ask, predictions, x), slopes.gradient(ask, targets, x)))
        for ask in (slopes.style([1.0] * len(LAYERS)), slopes.dream(len(LAYERS) - 1))
    ]


def _middle(photo: pictures.Photo) -> Tensor:
    top, left = ((side - _MIDDLE) // 2 for side in photo.shape[:2])
    middle = torch.tensor(photo[top : top + _MIDDLE, left : left + _MIDDLE], dtype=torch.float32)
    return middle.div(255).permute(2, 0, 1)[None]
