"""The pictures of a job, checked and made ready for the engine."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from reverie.errors import ReverieError
from reverie.pictures import color
from reverie.pictures.picture import Picture
from reverie.pictures.resize import resize, to_tensor
from reverie.recipe import Recipe, Style

_LEAST_REGION = 1e-4  # share of the picture
_FLAT = 1 / 255  # deviation of a style picture's pixels below which there is nothing to learn from it


@dataclass(frozen=True)
class StylePicture:
    """A style picture: its reference, its 1×3×h×w pixels, where it is opaque (1×1×h×w; None: everywhere), and how it is
    to be used; its number in the recipe, and a hash of all that its pixels come from (empty: not known)."""

    image: str
    picture: Tensor
    opaque: Tensor | None
    weight: float
    scale: float
    index: int = 0
    digest: str = ""


@dataclass(frozen=True)
class Inputs:
    """All pictures of a job on its device. `source` is 1×3×H×W without holes; masks are 1×1×H×W.

    `regions` pairs each mask (None: everywhere) with the styles that are wanted there.
    """

    source: Tensor
    regions: list[tuple[Tensor | None, list[StylePicture]]]
    guides: dict[str, Tensor]
    content_mask: Tensor | None
    init: Tensor | None
    cover: Tensor | None = None
    """1×1×H×W: how far the styles' masks cover the picture, which stays as it is where they do not; None: wherever."""

    def to(self, where: torch.device) -> Inputs:
        """The same on another device."""

        def move(tensor: Tensor | None) -> Tensor | None:
            return tensor.to(where) if tensor is not None else None

        regions = [
            (move(mask), [replace(look, picture=look.picture.to(where), opaque=move(look.opaque)) for look in looks])
            for mask, looks in self.regions
        ]
        guides = {name: guide.to(where) for name, guide in self.guides.items()}
        others = (move(each) for each in (self.content_mask, self.init, self.cover))
        return Inputs(self.source.to(where), regions, guides, *others)

    def weighted(self, styles: Sequence[Style]) -> Inputs:
        """The same with the weights of these styles, the recipe's."""
        regions = [
            (mask, [replace(look, weight=styles[look.index].weight) for look in looks]) for mask, looks in self.regions
        ]
        return replace(self, regions=regions)


def gather(
    recipe: Recipe,
    content: Picture,
    pictures: Mapping[str, Picture],
    where: torch.device,
    check_stop: Callable[[], None] = lambda: None,
) -> Inputs:
    """The inputs of a recipe. `check_stop`, which may raise, is called before each picture. Raises ReverieError that
    names the field of a picture that is missing or of no use."""
    check_given(recipe, content, pictures, check_stop)
    opaque = opacity(content, where)
    if opaque is not None and float(opaque.mean()) < _LEAST_REGION:
        raise ReverieError(
            "The picture is empty: it is transparent everywhere. Paint something on it first.", "content"
        )
    source = fill(colors(content, where), opaque)
    height, width = source.shape[2:]

    def mask(field: str, reference: str | None) -> Tensor | None:
        check_stop()
        if reference is None:
            return None
        gray, shown = (
            colors(pictures[reference], where).mean(1, keepdim=True),
            opacity(pictures[reference], where),
        )
        result = resize(gray if shown is None else gray * shown, width, height).clamp(0, 1)
        if float(result.mean()) < _LEAST_REGION:
            raise ReverieError(
                "The mask “{picture}” is black everywhere; paint white where it is to act.", field, picture=reference
            )
        return result

    init = None
    if recipe.init not in ("content", "noise"):
        shown = opacity(pictures[recipe.init], where)
        init = resize(fill(colors(pictures[recipe.init], where), shown), width, height)
        if shown is not None:  # where it is transparent, the source begins
            init = torch.lerp(source, init, resize(shown, width, height).clamp(0, 1))
    return Inputs(
        source,
        _regions(recipe, source, pictures, opaque, mask) if recipe.strength > 0 else [],
        {
            dream.guide: fill(colors(pictures[dream.guide], where), opacity(pictures[dream.guide], where))
            for dream in recipe.dream
            if dream.guide is not None
        },
        mask("content_mask", recipe.content_mask),
        init,
        _cover(recipe, mask),
    )


def check_given(
    recipe: Recipe, content: Picture, pictures: Mapping[str, Picture], check_stop: Callable[[], None] = lambda: None
) -> None:
    """Raises ReverieError, which names the field, for a picture that is missing or not made of numbers. `check_stop`,
    which may raise, is called before each picture."""
    _check_numbers(content, "content")
    for field, reference in recipe.references():
        check_stop()
        if reference not in pictures:
            raise ReverieError(f"The picture “{reference}” was not given with the recipe.", field)
        _check_numbers(pictures[reference], field)


def _check_numbers(picture: Picture, field: str) -> None:
    if not np.isfinite(picture).all():
        raise ReverieError("The picture has pixels that are no numbers (NaN or infinite); repair them first.", field)


def colors(picture: Picture, where: torch.device) -> Tensor:
    """Its pixels, 1×3×H×W. What a float picture has beyond black and white counts as these: it cannot be painted, and
    would outweigh all the rest."""
    return to_tensor(picture[:, :, :3], where).clamp(0, 1)


def opacity(picture: Picture, where: torch.device) -> Tensor | None:
    """The alpha channel, or None for a picture without one, or with one that is opaque everywhere."""
    if picture.shape[2] < 4 or bool((picture[:, :, 3] >= 1).all()):
        return None
    return to_tensor(picture[:, :, 3:4], where).clamp(0, 1)


def fill(picture: Tensor, opaque: Tensor | None) -> Tensor:
    """The picture with what is transparent painted over by the colours around it, coarse to fine: what lies hidden
    there must not show in the features beside it."""
    if opaque is None:
        return picture
    levels = [(picture * opaque, opaque)]
    while max(levels[-1][0].shape[2:]) > 1:
        colors, cover = levels[-1]
        levels.append(
            (functional.avg_pool2d(colors, 2, ceil_mode=True), functional.avg_pool2d(cover, 2, ceil_mode=True))
        )
    filled = torch.full_like(levels[-1][0], 0.5)
    for colors, cover in reversed(levels):
        filled = functional.interpolate(filled, colors.shape[2:], mode="bilinear", align_corners=False)
        # Where little is covered, even a faint colour is better than one from farther away.
        known = (cover * 4).clamp(max=1)
        filled = known * colors / cover.clamp_min(1e-6) + (1 - known) * filled
    return opaque * picture + (1 - opaque) * filled


def _regions(
    recipe: Recipe,
    source: Tensor,
    pictures: Mapping[str, Picture],
    opaque: Tensor | None,
    mask: Callable[[str, str | None], Tensor | None],
) -> list[tuple[Tensor | None, list[StylePicture]]]:
    """Styles with the same mask share a region; those without one get what the masks leave. Nothing happens where the
    picture is transparent."""
    looks: dict[str | None, list[StylePicture]] = {}
    masks: dict[str, Tensor] = {}
    for index, style in enumerate(recipe.style):
        found = mask(f"style.{index}.mask", style.mask)
        if style.mask is not None and found is not None:
            masks[style.mask] = found
        looks.setdefault(style.mask, []).append(_look(style, index, pictures[style.image], recipe, source, opaque))
    rest = 1 - torch.stack(list(masks.values())).amax(0) if masks else None
    regions = []
    for reference, own in looks.items():
        region = masks[reference] if reference is not None else rest
        if opaque is not None:
            region = opaque if region is None else region * opaque
        if region is None or float(region.mean()) >= _LEAST_REGION:
            regions.append((region, own))
        elif reference is not None:
            index = next(index for index, style in enumerate(recipe.style) if style.mask == reference)
            raise ReverieError(
                "The mask “{picture}” covers only what is transparent in the picture; paint white where there is "
                "something.",
                f"style.{index}.mask",
                picture=reference,
            )
        # else: masks may leave nothing for the others
    return regions


def _cover(recipe: Recipe, mask: Callable[[str, str | None], Tensor | None]) -> Tensor | None:
    """What all masks cover together, where there is a mask for each style and nothing is dreamt everywhere."""
    if recipe.strength == 0 or not recipe.style or recipe.dream:
        return None
    references = {style.mask: f"style.{index}.mask" for index, style in enumerate(recipe.style)}
    masks = [mask(field, reference) for reference, field in references.items()]
    if any(each is None for each in masks):
        return None
    return torch.stack([each for each in masks if each is not None]).sum(0).clamp(max=1)


def _look(
    style: Style, index: int, picture: Picture, recipe: Recipe, source: Tensor, source_opaque: Tensor | None
) -> StylePicture:
    digest = hashlib.blake2b(repr(picture.shape).encode())
    digest.update(np.ascontiguousarray(picture).data)
    opaque = opacity(picture, source.device)
    pixels = fill(colors(picture, source.device), opaque)
    check_look(pixels, opaque, style.image, f"style.{index}.image")
    if recipe.color == "match":
        pixels = color.match_colors(pixels, source, opaque, source_opaque)
        for seen in (source, source_opaque):
            if seen is not None:
                digest.update(seen.cpu().contiguous().numpy().data)
    return StylePicture(style.image, pixels, opaque, style.weight, style.scale, index, digest.hexdigest())


def check_look(pixels: Tensor, opaque: Tensor | None, name: str, field: str) -> None:
    """Raises ReverieError for a style picture, 1×3×h×w, that shows nothing: the distance from its statistics would be
    measured in units of zero."""
    shown = pixels.flatten(2)[0]
    if opaque is not None:
        shown = shown[:, opaque.flatten() > 0]
    if shown.shape[1] < _LEAST_REGION * pixels.shape[2] * pixels.shape[3]:
        raise ReverieError(
            "The style picture “{picture}” is empty: it is transparent everywhere. Choose another.", field, picture=name
        )
    if float(shown.std(1, correction=0).amax()) < _FLAT:
        raise ReverieError(
            "The style picture “{picture}” has one colour only, and no stroke to learn from. Choose another.",
            field,
            picture=name,
        )
