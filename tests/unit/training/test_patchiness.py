"""Patches of colour that do not follow from the photo, told from strokes and from colours that do."""

from __future__ import annotations

import pytest
import torch
from reverie.training.patchiness import patches, patchiness
from torch import Tensor
from torch.nn import functional


def _photos() -> Tensor:
    """Two pictures of large, soft shapes."""
    coarse = torch.rand(2, 3, 12, 12, generator=torch.Generator().manual_seed(0))
    return functional.interpolate(coarse, (248, 232), mode="bicubic").clamp(0, 1)


def _with_patch(pictures: Tensor) -> Tensor:
    painted = pictures.clone()
    painted[0, 1, 100:160, 60:120] += 0.25
    return painted


def test_what_follows_from_the_photos_colours_is_no_patch():
    photos = _photos()
    recoloured = 0.2 + 0.5 * photos.flip(1) + 0.2 * photos * photos
    recoloured[1] = 1 - recoloured[1]  # each painting has colours of its own
    found = patchiness(recoloured, photos)
    assert float(found) < 0.1 * float(patchiness(_with_patch(recoloured), photos))


def test_a_patch_is_found_where_it_is_and_in_its_colour():
    photos = _photos()
    found = patches(_with_patch(photos), photos)
    assert found.shape == (2, 3, 62, 58)
    inside = found[0, :, 28:37, 18:27]
    assert float(inside[1].mean()) > 0.1
    assert float(inside[[0, 2]].mean()) < -0.05  # less their lightness, which is no patch
    far = found[0, 1, :12]
    assert float(far.abs().mean()) < 0.02
    assert float(found[1].abs().mean()) < 0.01  # the other painting has none


def test_strokes_and_shadows_are_none():
    photos = _photos()
    waves = torch.sin(torch.arange(232) / 2).sign() * 0.25  # as strong as the patch, and all over the picture
    found = float(patchiness(_with_patch(photos), photos))
    assert float(patchiness(photos + waves * torch.tensor([1, 0, -1])[:, None, None], photos)) < 0.5 * found
    shadow = photos.clone()
    shadow[0, :, 100:160, 60:120] -= 0.25
    assert float(patchiness(shadow, photos)) < 0.1 * found


def test_it_is_a_share():
    photos = _photos()
    dull = 0.5 + 0.2 * (photos - 0.5)
    patched = _with_patch(photos)
    assert float(patchiness(0.5 + 0.2 * (patched - 0.5), photos)) == pytest.approx(
        float(patchiness(patched, photos)), rel=0.2
    )
    assert 0 <= float(patchiness(dull, photos)) < float(patchiness(torch.rand(2, 3, 248, 232), photos)) <= 1


def test_a_photo_of_one_colour_and_a_small_one_have_an_answer():
    flat = torch.full((1, 3, 64, 64), 0.5)
    painted = flat.clone()
    painted[:, 2, 20:40, 20:40] = 1.0
    assert float(patchiness(flat, flat)) == pytest.approx(0, abs=1e-6)
    assert float(patchiness(painted, flat)) > 0.3
    assert torch.isfinite(patches(torch.rand(1, 3, 16, 16), flat[:, :, :16, :16])).all()


def test_descending_it_takes_a_patch_out():
    photos = _photos()
    painted = _with_patch(photos).requires_grad_()
    optimizer = torch.optim.Adam([painted], 0.01)
    before = float(patchiness(painted.detach(), photos))
    for _ in range(40):
        optimizer.zero_grad()
        patchiness(painted, photos).backward()
        optimizer.step()
    assert float(patchiness(painted.detach(), photos)) < 0.05 * before
