"""The feed-forward network that stylises in one pass (Johnson, Alahi & Fei-Fei 2016), with one set of weights for many
styles (Dumoulin, Shlens & Kudlur 2017).

All styles share the convolutions. A style is a vector: the gains and biases of the instance normalisations, a few
thousand numbers. Vectors may be averaged, and the picture is then in a style between them.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional


class Seen(NamedTuple):
    """Of what an instance normalisation is given, over positions, N×C×1×1 each."""

    mean: Tensor
    deviation: Tensor
    least: Tensor
    most: Tensor


Statistics = list[Seen]
"""For each instance normalisation, in forward order."""

EPSILON = 1e-5


@dataclass(frozen=True)
class Architecture:
    """`widths` are the channels at full, half, quarter … size; `blocks` residual blocks work at the smallest; `kernel`
    is the side of the first and the last convolution; `reducing` and `enlarging` are how maps change their size: by the
    mean of each 2×2 before a convolution, or by the convolution's own stride; bilinearly, or by repeating, before a
    convolution. The defaults are those of the network that comes with Reverie; (32, 64, 128), 5, 9, stride and nearest
    are those of Johnson et al. as most people train them."""

    widths: tuple[int, ...] = (16, 32, 64, 128)
    blocks: int = 5
    kernel: int = 5
    reducing: Literal["average", "stride"] = "average"
    enlarging: Literal["bilinear", "nearest"] = "bilinear"

    @property
    def stride(self) -> int:
        """How much smaller the smallest size is."""
        return 1 << (len(self.widths) - 1)

    @property
    def is_of_others(self) -> bool:
        """Is it that of networks which other programs have trained, and which are to paint as there?"""
        return self.reducing == "stride"

    @property
    def norms(self) -> tuple[int, ...]:
        """The channels of each instance normalisation, in forward order."""
        return (*self.widths, *[self.widths[-1]] * (2 * self.blocks), *reversed(self.widths[:-1]))

    @property
    def style_size(self) -> int:
        """How many numbers make a style."""
        return 2 * sum(self.norms)

    @property
    def halo(self) -> int:
        """How far, in pixels, a pixel of the result sees: half the receptive field, rounded up to the stride."""
        ends = 2 * (self.kernel // 2)
        levels = 4 * (self.stride - 1)  # a pixel at each size, down and up, and what a mean takes in
        enlarging = 2 * self.stride  # a pixel at each smaller size
        reach = ends + levels + 2 * self.blocks * self.stride + enlarging
        return -(-reach // self.stride) * self.stride


class StyleNetwork(nn.Module):
    """Photos to paintings. Maps are enlarged before they are convolved, which leaves no checkerboard (Odena, Dumoulin &
    Olah 2016); bilinearly, since repeated pixels leave a lattice in smooth skies. Borders are reflected, which leaves
    no frame."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        widths, kernel = architecture.widths, architecture.kernel
        # No bias where an instance normalisation follows, which would take it away again.
        self.first = nn.Conv2d(3, widths[0], kernel, bias=False)
        stride = 2 if architecture.reducing == "stride" else 1
        self.down = nn.ModuleList(nn.Conv2d(a, b, 3, stride, bias=False) for a, b in itertools.pairwise(widths))
        self.residual = nn.ModuleList(
            nn.Conv2d(widths[-1], widths[-1], 3, bias=False) for _ in range(2 * architecture.blocks)
        )
        self.up = nn.ModuleList(nn.Conv2d(b, a, 3, bias=False) for a, b in reversed([*itertools.pairwise(widths)]))
        self.last = nn.Conv2d(widths[0], 3, kernel)

    def forward(self, photo: Tensor, style: Tensor, statistics: Statistics | None = None) -> Tensor:
        """N×3×H×W, RGB in 0 to 1 and a little beyond, from a photo of that shape and range.

        `style` is N×style_size, or 1×style_size for all. With `statistics`, the normalisations take these and not the
        photo's own: the parts of a large picture then come out as the whole would. H and W are multiples of the stride;
        a network that reduces by strides may have others, and paints up to the next.
        """
        return _Pass(style, self.architecture, statistics).paint(self, photo)

    def measure(self, photo: Tensor, style: Tensor) -> Statistics:
        """The statistics of a photo, for painting its parts."""
        run = _Pass(style, self.architecture, None)
        run.paint(self, photo)
        return run.seen


class _Pass:
    """One run through the network; it knows which normalisation comes next."""

    def __init__(self, style: Tensor, architecture: Architecture, statistics: Statistics | None) -> None:
        sizes = [size for width in architecture.norms for size in (width, width)]
        self._pieces = torch.split(style[:, :, None, None], sizes, 1)
        self._given = statistics
        self.seen: Statistics = []

    def paint(self, network: StyleNetwork, x: Tensor) -> Tensor:
        x = torch.relu(self._normalised(_convolve(network.first, 2 * x - 1)))
        for down in network.down:
            if network.architecture.reducing == "average":
                x = functional.avg_pool2d(x, 2)
            x = torch.relu(self._normalised(_convolve(down, x)))
        for one, two in zip(network.residual[::2], network.residual[1::2], strict=True):
            inner = torch.relu(self._normalised(_convolve(one, x)))
            x = x + self._normalised(_convolve(two, inner))
        for up in network.up:
            x = functional.interpolate(x, scale_factor=2, mode=network.architecture.enlarging)
            x = torch.relu(self._normalised(_convolve(up, x)))
        with torch.autocast(x.device.type, enabled=False):  # bfloat16 would leave 16-bit pictures in steps
            painted: Tensor = _convolve(network.last, x.float()) / 2 + 0.5
        return painted

    def _normalised(self, x: Tensor) -> Tensor:
        """Instance normalisation (Ulyanov et al. 2016) with the style's gain and bias (Dumoulin et al., eq. 5)."""
        index = len(self.seen)
        if self._given is not None:
            seen = self._given[index]
            # Of a reduced picture these are only nearly the whole's: what stands out of a flat sky far more than
            # anything did there would come out as a blot.
            x = x.clamp(seen.least, seen.most)
        else:
            variance, mean = torch.var_mean(x.float(), (2, 3), keepdim=True, correction=0)
            seen = Seen(mean, (variance + EPSILON).sqrt(), x.amin((2, 3), keepdim=True), x.amax((2, 3), keepdim=True))
        self.seen.append(seen)
        gain = self._pieces[2 * index] / seen.deviation
        return x * gain.to(x.dtype) + (self._pieces[2 * index + 1] - seen.mean * gain).to(x.dtype)


def _convolve(convolution: nn.Module, x: Tensor) -> Tensor:
    assert isinstance(convolution, nn.Conv2d)
    edge = convolution.kernel_size[0] // 2
    result: Tensor = convolution(functional.pad(x, [edge] * 4, mode="reflect"))
    return result


def plain_style(architecture: Architecture) -> Tensor:
    """The style vector that training starts from, 1×style_size: gains of 1 and biases of 0."""
    pieces: Sequence[Tensor] = [
        value for width in architecture.norms for value in (torch.ones(width), torch.zeros(width))
    ]
    return torch.cat(list(pieces))[None]
