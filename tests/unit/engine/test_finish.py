"""The finish at the layer's own size."""

from __future__ import annotations

import time

import pytest
import torch
from reverie import job as jobs
from reverie.engine import finish
from reverie.engine.inputs import gather
from reverie.engine.painter import Painter
from reverie.events import Cancelled, Event, Progress
from reverie.pictures.resize import resize, to_picture
from reverie.recipe import Recipe, Style
from reverie.run import Adjustment, Clock, Run

from tests.unit.engine.blots import blots


@pytest.mark.parametrize(
    ("composed", "size", "expected"),
    [
        ((640, 480), (640, 480), []),
        ((640, 480), (641, 481), []),
        ((640, 480), (768, 576), [(768, 576)]),
        ((640, 480), (1280, 960), [(1280, 960)]),
        ((640, 480), (2560, 1920), [(1280, 960), (2560, 1920)]),
        ((640, 427), (4000, 2667), [(1179, 786), (2172, 1448), (4000, 2667)]),
    ],
)
def test_each_step_is_at_most_twice_as_large(composed, size, expected):
    assert finish.steps(composed, *size) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, [(640, 480), (1280, 960)]),
        ({"method": "instant"}, [(1280, 960)]),
        ({"method": "patches"}, [(1280, 960)]),
        ({"detail": "sketch"}, []),
        ({"strength": 0}, []),
    ],
)
def test_what_is_optimised_is_painted_over_as_it_was_composed_too(fields, expected):
    job = jobs.resolve(Recipe.parse({"style": "s", "size": 640, **fields}), "cpu")
    assert finish.passes(job, (640, 480), 1280, 960) == expected


def test_one_pass_is_painted_over_as_it_was_composed_where_no_step_follows():
    job = jobs.resolve(Recipe.parse({"style": "s", "size": 640, "method": "instant"}), "cpu")
    assert finish.passes(job, (640, 480), 640, 480) == [(640, 480)]


class _Case:
    """A picture composed at 64 pixels, of one of 160, and its style."""

    def __init__(self, codec, **fields: object) -> None:
        self.content, self.style = blots(120, 160), blots(160, 160, 1)
        recipe = Recipe(style=[Style(image="s")], **({"method": "instant", "size": 64} | fields))
        pictures = {"s": to_picture(self.style)}
        self.job = jobs.resolve(recipe, "cpu")
        self.inputs = gather(self.job.recipe, to_picture(self.content), pictures, torch.device("cpu"))
        self.painter = Painter(codec, torch.float32)
        self.composed = resize(self.content, 64, 48).clamp(0, 1)

    def finished(self, run: Run | None = None) -> torch.Tensor:
        return finish.finish(self.composed, self.job, self.inputs, self.painter, run or Run())


def test_one_pass_is_painted_over_more_strongly_than_what_was_optimised(codec, monkeypatch):
    forces = []
    for fields in ({"method": "instant"}, {"method": "optimise", "iterations": 1}):
        case = _Case(codec, size=160, strength=1.0, **fields)
        case.composed = case.content
        monkeypatch.setattr(
            case.painter, "brushwork", lambda x, regions, force, *_: forces.append(force) or torch.zeros_like(x)
        )
        case.finished()
    assert forces == pytest.approx([1.0, 0.6])


def test_it_has_the_layers_size_and_tells_how_far_it_is(codec):
    heard: list[Event] = []
    case = _Case(codec)
    assert case.finished(Run(report=heard.append)).shape == (1, 3, 120, 160)
    fractions = [event.fraction for event in heard if isinstance(event, Progress)]
    begun, first = 1 - finish.share(case.job, 160, 120), 0.286  # of the work, the first step
    parts = [first / 3, first * 2 / 3, first, first + (1 - first) / 3, first + (1 - first) * 2 / 3, 1]
    assert fractions == pytest.approx([begun + (1 - begun) * part for part in parts], abs=0.01)


def test_it_has_what_only_the_full_photo_shows(codec, monkeypatch):
    """Finer than the composed picture can hold: a stripe of one pixel."""
    case = _Case(codec)
    monkeypatch.setattr(case.painter, "brushwork", lambda picture, *rest: torch.zeros_like(picture))
    case.content[..., 80] = 1 - case.content[..., 80]
    case.inputs = gather(case.job.recipe, to_picture(case.content), {"s": to_picture(case.style)}, torch.device("cpu"))
    fine = case.inputs.source - resize(resize(case.inputs.source, 64, 48), 160, 120)
    plain = resize(case.composed, 160, 120)
    gained = ((case.finished() - plain) * fine).sum() / fine.square().sum()
    assert float(gained) > 0.1


def _brushed(codec, monkeypatch, brushwork: torch.Tensor) -> torch.Tensor:
    """What the finish makes of brushwork, 1×3×120×160, on a photo that is plain on the left and rich on the right."""
    case = _Case(codec, strength=1.0)
    case.content = torch.full((1, 3, 120, 160), 0.5)
    case.content[..., 80:] += 0.3 * (torch.rand(1, 1, 120, 80, generator=torch.Generator().manual_seed(1)) - 0.5)
    case.inputs = gather(case.job.recipe, to_picture(case.content), {"s": to_picture(case.style)}, torch.device("cpu"))
    case.composed = resize(case.content, 64, 48)
    monkeypatch.setattr(case.painter, "brushwork", lambda picture, *rest: torch.zeros_like(picture))
    untouched = case.finished()
    painted = lambda picture, *rest: (brushwork if picture.shape[3] == 160 else torch.zeros_like(picture)).clone()  # noqa: E731
    monkeypatch.setattr(case.painter, "brushwork", painted)
    return (case.finished() - untouched).abs()


def test_broad_colors_are_those_that_were_composed(codec, monkeypatch):
    """Whatever the brushwork does to them: here it makes all lighter."""
    assert float(_brushed(codec, monkeypatch, torch.full((1, 3, 120, 160), 0.15)).max()) < 0.01


def test_what_is_plain_is_hardly_painted_over(codec, monkeypatch):
    """Statistics of the whole picture would carve worms into a sky."""
    light = 0.1 * torch.sign(torch.randn(1, 1, 120, 160, generator=torch.Generator().manual_seed(2))).expand(
        1, 3, -1, -1
    )
    change = _brushed(codec, monkeypatch, light)
    assert float(change[..., :60].mean()) < 0.1 * 0.1
    assert float(change[..., 100:].mean()) > 0.5 * 0.1


def test_edges_get_no_fringes_of_all_colours(codec, monkeypatch):
    """Red and cyan of the same light: little of it is left."""
    fringes = 0.1 * torch.tensor([1, -0.2126 / 0.7874, -0.2126 / 0.7874]).view(1, 3, 1, 1)
    fringes = fringes * torch.sign(torch.randn(1, 1, 120, 160, generator=torch.Generator().manual_seed(2)))
    assert float(_brushed(codec, monkeypatch, fringes)[:, 0, :, 100:].mean()) < 0.35 * 0.1


def test_it_is_cancelled_between_tiles(codec):
    asked = [0]

    def stop() -> bool:
        asked[0] += 1
        return asked[0] > 2

    case, heard = _Case(codec), list[Event]()
    case.painter = Painter(codec, torch.float32, 32, Run(stop=stop).check_stop)
    with pytest.raises(Cancelled):
        case.finished(Run(report=heard.append))
    assert not heard  # not even a third of the first step


def test_who_wants_to_end_gets_the_rest_enlarged(codec):
    heard: list[Event] = []
    picture = _Case(codec).finished(Run(report=heard.append, adjust=lambda: Adjustment(finish=True)))
    assert not heard
    torch.testing.assert_close(picture, resize(_Case(codec).composed, 160, 120))


def test_a_budget_leaves_time_for_it_and_never_more_than_half(codec, monkeypatch):
    case, heard = _Case(codec), list[Event]()
    todo = finish.work(case.job, 160, 120)
    for pace, reserved in ((10 / todo, 10), (90 / todo, 50)):
        monkeypatch.setattr(finish, "speed", lambda painter, where, pace=pace: pace)
        run = Run(Clock(100), report=heard.append)
        composing = finish.composing(run, case.job, case.inputs, case.painter)
        assert composing.clock.budget == pytest.approx(100 - reserved, abs=1)
        composing.report(Progress(1, 1, 64, 48, 0.0, 1.0, 0.0))
        assert heard[-1].fraction == pytest.approx(1 - reserved / 100, abs=0.01)
        assert heard[-1].seconds_left == pytest.approx(100, abs=1)
    assert not torch.equal(case.finished(Run(Clock(100))), resize(case.composed, 160, 120))  # is carried out
    case.finished(Run(Clock(100), report=heard.append))
    assert heard[-1].fraction == 1


def test_where_the_budget_is_spent_the_rest_is_enlarged(codec, monkeypatch):
    """At once, or where less than half of the next step would fit: here each takes ten seconds."""
    for budget, steps in ((1, 0), (12, 1), (31, 2)):
        case, heard, now = _Case(codec), list[Event](), [0.0]
        monkeypatch.setattr(time, "monotonic", lambda now=now: now[0])

        def brushwork(picture: torch.Tensor, *rest: object, now: list[float] = now) -> torch.Tensor:
            now[0] += 10
            return torch.zeros_like(picture)

        monkeypatch.setattr(case.painter, "brushwork", brushwork)
        clock = Clock(budget)
        now[0] += 1.5
        case.finished(Run(clock, report=heard.append))
        assert len({event.iteration for event in heard if isinstance(event, Progress)}) == steps


@pytest.mark.parametrize("fields", [{"detail": "sketch"}, {"method": "patches", "size": 160}])
def test_a_sketch_and_patches_at_full_size_have_no_finish(codec, fields):
    assert finish.share(_Case(codec, **fields).job, 160, 120) == 0


def test_its_share_of_the_work_grows_with_the_layer(codec):
    job = _Case(codec, size=640).job
    shares = [finish.share(job, side, side * 3 // 4) for side in (640, 1000, 2000, 4000)]
    assert shares[0] > 0 and shares == sorted(shares) and shares[-1] < 1
