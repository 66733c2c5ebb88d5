"""What the decoder learns from: photos to be rebuilt, and photos in the style of other pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from reverie import device as devices
from reverie.fast.codec import LEVELS, Codec
from reverie.losses import moments
from reverie.losses.moments import Moments
from reverie.losses.transport import linear_map
from reverie.pictures import color
from reverie.training.teacher import Teacher

_FAINT = 0.3  # variance of a crop's features, 1 on average, below which they count less and less


def unexplained(prediction: Tensor, target: Tensor) -> Tensor:
    """The mean squared error, in units of how strong each crop's features are: else a few busy crops outshout all."""
    each = (1, 2, 3)
    return ((prediction - target).float().square().mean(each) / (_FAINT + target.float().square().mean(each))).mean()


def likeness(levels: Sequence[Tensor], wanted: Sequence[Tensor]) -> Tensor:
    """How far the levels of pictures are from those that are wanted."""
    return torch.stack([unexplained(own, asked) for own, asked in zip(levels, wanted, strict=True)]).mean()


def rebuilding(codec: Codec, photos: Tensor, begin: int | None) -> Tensor:
    """How far the decoder is from the photos, N×3×H×W, and from the features on the way, from the deepest level up; or,
    where `begin` names a level, each of its levels by itself, and from that level up to the photo."""
    with torch.no_grad():
        known = codec.encode(photos)
    losses, features = [], known[-1]
    for level in range(LEVELS, 1, -1):
        features = codec.up(level, features if begin is None else known[level - 1])
        losses.append(unexplained(features, known[level - 2]))
    if begin is not None:
        features = known[begin - 1]
        for level in range(begin, 1, -1):
            features = codec.up(level, features)
    error = codec.up(1, features).float() - photos
    weight = 5.0 if begin is None else 10.0
    return torch.stack(losses).mean() + weight * error.square().mean() + 0.2 * weight * error.abs().mean()


def styled(codec: Codec, teacher: Teacher, photos: Tensor, style: Tensor, random: np.random.Generator) -> Tensor:
    """How far photos painted in a style (N×3×h×w, taken together as one picture; the style 1×3×H×W) are from the
    features that were asked of them, and their statistics, in the encoder's eyes and the teacher's, from the style's.

    This is the cascade as it is used, with random shares, so that the decoder learns to paint what was never a photo.
    """
    recolored = _recolored(photos, style, float(random.random()))
    half = devices.autocast(style.device, devices.precision("auto", style.device))  # not for moments and roots
    with torch.no_grad(), half:
        of_style, own = codec.encode(style), [level.float() for level in codec.encode(recolored)]
    wanted = [_joint(level) for level in of_style]
    kept, features, asked = float(random.uniform(0, 0.6)), own[-1], list(own)
    for level in range(LEVELS, 0, -1):
        if level < LEVELS:
            features = torch.lerp(features.float(), own[level - 1], kept)
        features = _moved(features, wanted[level - 1], float(random.uniform(0.4, 1)))
        asked[level - 1] = features.detach()
        with half:
            features = codec.up(level, features)
    with half:
        seen = codec.encode(features.float())
    with torch.no_grad(), half:
        taught = [_joint(level) for level in teacher.levels(style)]
    with half:
        judged = teacher.levels(features.float().clamp(0, 1))
    out_of_range = (features - features.clamp(0, 1)).float().square().mean()
    return (
        0.5 * likeness(seen, asked)
        + 0.2 * _distances(seen, wanted)
        + 0.3 * _distances(judged, taught)
        + 5 * out_of_range
    )


def _recolored(photos: Tensor, style: Tensor, share: float) -> Tensor:
    """The photos, wholly or partly in the style's colours."""
    row = photos.permute(1, 0, 2, 3).reshape(1, 3, -1, photos.shape[3])
    row = torch.lerp(row, color.match_colors(row, style), min(1.0, 2 * share))
    return row.reshape(3, *photos.shape[:1], *photos.shape[2:]).permute(1, 0, 2, 3)


def _joint(features: Tensor) -> Moments:
    """The moments of several crops' features together."""
    return moments.of(features.float().transpose(0, 1).flatten(1)[None, :, None])


def _moved(features: Tensor, wanted: Moments, share: float) -> Tensor:
    with torch.no_grad():
        transform, shift = linear_map(_joint(features), wanted, share)
    return torch.einsum("ij,njhw->nihw", transform, features.float()) + shift[None, :, None, None]


def _distances(levels: Sequence[Tensor], wanted: Sequence[Moments]) -> Tensor:
    pairs = zip(levels, wanted, strict=True)
    return torch.stack([_distance(_joint(level), target) for level, target in pairs]).mean()


def _distance(own: Moments, wanted: Moments) -> Tensor:
    """How different two statistics are. It grows slowly: where a style is nearly plain, the ratio is of thousands, and
    one such crop would undo what a hundred others taught."""
    mean = (own.mean - wanted.mean).square().sum() / (wanted.mean.square().sum() + 1e-3)
    spread = (own.covariance - wanted.covariance).square().sum() / (wanted.covariance.square().sum() + 1e-3)
    return torch.log1p(mean + spread)
