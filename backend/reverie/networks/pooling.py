"""Average pooling in place of max pooling, where a network stands it."""

from __future__ import annotations

from torch import Tensor, nn

from reverie.networks.network import Network


class ScaledAverage(nn.AvgPool2d):
    """Twice the mean: about the maximum of rectified features, so that the layers behind see what they were trained on
    (Gatys et al. 2016, section 2, only say that averages look better)."""

    def forward(self, x: Tensor) -> Tensor:
        return 2 * super().forward(x)


def average(network: Network) -> Network:
    """The network, changed in place, with the mean of each pooling window instead of its maximum."""
    for top in (network.module, *(stage for _, stage in network.stages)):
        for parent in list(top.modules()):
            for name, child in list(parent.named_children()):
                if isinstance(child, nn.MaxPool2d):
                    setattr(
                        parent, name, ScaledAverage(child.kernel_size, child.stride, child.padding, child.ceil_mode)
                    )
    return network
