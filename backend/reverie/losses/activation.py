"""Dream: the picture shows more of what a layer, a channel or a neuron responds to."""

from __future__ import annotations

from torch import Tensor

from reverie.losses.loss import Features


class Activation:
    """Minus the response: of a whole layer the mean square (Mordvintsev, Olah & Tyka 2015, “Inceptionism”), of one
    channel its mean, of one neuron its activation."""

    def __init__(
        self, layer: str, weight: float, channel: int | None = None, unit: tuple[int, int] | None = None
    ) -> None:
        """`unit` is the row and column of a neuron in the layer; of one beyond its edge, the last before it counts."""
        self.layers = (layer,)
        self.weight = weight
        self._layer, self._channel, self._unit = layer, channel, unit

    def measure(self, features: Features) -> tuple[Tensor, ...]:
        fmap = features.maps[self._layer].float()
        height, width = features.sizes[self._layer]
        if self._channel is None:
            return (fmap.square().sum() / (fmap.shape[1] * height * width),)
        responses = fmap[0, self._channel]
        if self._unit is None:
            return (responses.sum() / (height * width),)
        rows, columns = features.at[self._layer]
        row = max(0, min(height - 1, self._unit[0])) - rows.start
        column = max(0, min(width - 1, self._unit[1])) - columns.start
        if 0 <= row < responses.shape[0] and 0 <= column < responses.shape[1]:
            return (responses[row, column],)
        return ((responses * 0).sum(),)  # the neuron is in another tile

    def value(self, sums: tuple[Tensor, ...]) -> Tensor:
        return -sums[0]
