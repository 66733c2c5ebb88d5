"""How large the pictures of a job are beside each other, and whether a network can see them at that size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torch import Tensor

from reverie.engine.inputs import Inputs
from reverie.errors import ReverieError, Sentence
from reverie.job import Job
from reverie.networks import registry
from reverie.pictures.resize import fit

_BLURRED = 2.0  # enlarged by more, a style has no strokes any more that are as fine as the picture's pixels
_USELESS = 8.0  # enlarged by more, a layer sees a few of its pixels at once, and of strokes nothing is left
_TOO_SMALL = {
    "picture": Sentence(
        "The picture is too small: computed at {width}×{height} pixels, layer “{layer}” of {network} needs {least} in "
        "each direction. Use a larger picture or size, a less narrow one, or an earlier layer."
    ),
    "style": Sentence(
        "The style picture “{picture}” is too small: computed at {width}×{height} pixels, layer “{layer}” of {network} "
        "needs {least} in each direction. Use a larger picture or size, a less narrow one, or an earlier layer."
    ),
    "guide": Sentence(
        "The guide picture “{picture}” is too small: computed at {width}×{height} pixels, layer “{layer}” of {network} "
        "needs {least} in each direction. Use a larger picture or size, a less narrow one, or an earlier layer."
    ),
}


_TOO_COARSE = Sentence(
    "The style picture “{picture}” has only {width}×{height} pixels: enlarged to {times} times that, nothing would be "
    "left of its strokes. Use a larger picture, or smaller strokes."
)


_SOFT = Sentence(
    "The style picture “{picture}” has only {width}×{height} pixels and is enlarged to {times} times that, so its "
    "strokes will be soft. Use a larger picture, or smaller strokes."
)


def of_style(picture: Tensor, scale: float, longest: int) -> tuple[int, int]:
    """Width and height that a style picture, 1×3×h×w, is to have beside a picture of that longest side."""
    return _beside(picture.shape[3], picture.shape[2], scale, longest)


def _beside(width: int, height: int, scale: float, longest: int) -> tuple[int, int]:
    return fit(width, height, max(16, round(longest * scale)))


def of_guide(picture: Tensor, longest: int) -> tuple[int, int]:
    """Width and height of a guide picture, 1×3×h×w, beside a picture of that longest side."""
    return fit(picture.shape[3], picture.shape[2], longest)


def too_small(job: Job, inputs: Inputs, width: int, height: int) -> ReverieError | None:
    """The complaint about the first picture that is too small for a job's network when it is computed at width×height;
    None when all are large enough. It needs no weights."""
    longest = max(width, height)
    layers = [dream.layer for dream in job.dreams]
    layers += [*job.style_layers, *job.content_layers] if inputs.regions else []
    pictures: list[tuple[Sentence, str, str, tuple[int, int], Sequence[str]]] = [
        (_TOO_SMALL["picture"], "", "content", (width, height), layers)
    ]
    for index, style in enumerate(job.recipe.style):
        for look in (look for _, own in inputs.regions for look in own if look.image == style.image):
            size = of_style(look.picture, style.scale, longest)
            kind, field = _TOO_SMALL["style"], f"style.{index}.image"
            height, width = look.picture.shape[2:]
            coarse = useless_style(style.image, (width, height), style.scale, longest)
            if coarse is not None:
                return ReverieError(coarse.template, field, **coarse.values)
            pictures.append((kind, style.image, field, size, job.style_layers))
    for index, dream in enumerate(job.dreams):
        if dream.guide is not None:
            size = of_guide(inputs.guides[dream.guide], longest)
            pictures.append((_TOO_SMALL["guide"], dream.guide, f"dream.{index}.guide", size, [dream.layer]))
    return next(_complaints(job.network, pictures), None)


def _complaints(
    network: str, pictures: Sequence[tuple[Sentence, str, str, tuple[int, int], Sequence[str]]]
) -> Iterator[ReverieError]:
    spec = registry.spec(network)
    for kind, name, field, size, layers in pictures:
        for layer in layers:
            least = spec.least_size(layer)
            if min(size) < least:
                values: dict[str, str | int] = {"picture": name, "width": size[0], "height": size[1]}
                yield ReverieError(kind.template, field, **values, layer=layer, network=network, least=least)


def useless_style(name: str, size: tuple[int, int], scale: float, longest: int) -> Sentence | None:
    """Says of a style picture, of that width and height, that nothing is left of its strokes beside a picture of that
    longest side; None where there is. `scale` is the size of its strokes."""
    times = max(_beside(*size, scale, longest)) / max(size)
    return _told(_TOO_COARSE, name, size, f"{times:.0f}") if times > _USELESS else None


def soft_style(name: str, size: tuple[int, int], scale: float, longest: int) -> Sentence | None:
    """The same of one that is enlarged so much that its strokes come out blurred."""
    times = max(_beside(*size, scale, longest)) / max(size)
    return _told(_SOFT, name, size, f"{times:.1f}") if times > _BLURRED else None


def _told(sentence: Sentence, name: str, size: tuple[int, int], times: str) -> Sentence:
    return Sentence(sentence.template, {"picture": name, "width": size[0], "height": size[1], "times": times})


def enlarged_styles(inputs: Inputs, longest: int) -> list[Sentence]:
    """A sentence for each style picture whose strokes come out blurred beside a picture of that longest side."""
    sentences = {}
    for look in (look for _, own in inputs.regions for look in own):
        height, width = look.picture.shape[2:]
        sentence = soft_style(look.image, (width, height), look.scale, longest)
        if sentence is not None:
            sentences[look.image] = sentence
    return list(sentences.values())
