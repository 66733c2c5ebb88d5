"""Dream: the picture shows more of what a layer, a channel or a neuron responds to."""

from __future__ import annotations

from torch import Tensor

from backend.engine.terms import Features


class Dream:
    """Minus the response: of a whole layer the mean square (Mordvintsev, Olah & Tyka 2015, “Inceptionism”), of one
    channel its mean, of one neuron its activation."""

    def __init__(
        self, layer: str, weight: float, channel: int | None = None, at: tuple[float, float] | None = None
    ) -> None:
        """`at` is the position x, y of a neuron in the picture, from 0 to 1."""
        self.layers = (layer,)
        self.weight = weight
        self._layer, self._channel, self._at = layer, channel, at

    def measure(self, features: Features) -> tuple[Tensor, ...]:
        fmap = features.maps[self._layer].float()
        height, width = features.sizes[self._layer]
        if self._channel is None:
            return (fmap.square().sum() / (fmap.shape[1] * height * width),)
        responses = fmap[0, self._channel]
        if self._at is None:
            return (responses.sum() / (height * width),)
        rows, columns = features.at[self._layer]
        row = min(height - 1, int(self._at[1] * height)) - rows.start
        column = min(width - 1, int(self._at[0] * width)) - columns.start
        if 0 <= row < responses.shape[0] and 0 <= column < responses.shape[1]:
            return (responses[row, column],)
        return ((responses * 0).sum(),)  # the neuron is in another tile

    def loss(self, sums: tuple[Tensor, ...]) -> Tensor:
        return -sums[0]
