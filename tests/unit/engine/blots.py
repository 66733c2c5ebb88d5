"""Pictures for tests of what looks deep: blots, of which deep levels see something, too."""

from __future__ import annotations

import torch


def blots(height: int, width: int, seed: int = 0) -> torch.Tensor:
    """1×3×height×width, in 0 to 1."""
    small = torch.rand(1, 3, height // 6, width // 6, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(small, (height, width), mode="bicubic").clamp(0, 1)
