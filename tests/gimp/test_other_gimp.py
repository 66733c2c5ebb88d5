"""A choice of the tests once more, in the other GIMP: 3.2 where the rest ran in 3.0.

Fixtures of this module take the place of those of the same name: the tests themselves do not know where they run.
"""

from __future__ import annotations

import pytest

from tests.gimp.conftest import backends, installed, provided
from tests.gimp.gimp.test_pixels import run, test_what_is_seen_is_what_is_painted_filters_included  # noqa: F401
from tests.gimp.job.test_last_values import last_values, test_every_filter_repeats_with_the_values_used_last  # noqa: F401
from tests.gimp.job.test_layer_kinds import test_layers_of_every_kind_are_what_is_seen_of_them  # noqa: F401
from tests.gimp.job.test_records import test_a_new_version_can_take_the_place_of_the_old_one  # noqa: F401
from tests.gimp.test_procedures import (  # noqa: F401
    test_a_layer_becomes_a_new_layer_above_it,
    test_a_round_trip_at_strength_zero_changes_no_pixel,
)
from tests.gimp.ui.test_looks import test_every_dialog_fits_on_its_screen_and_shows_a_preview  # noqa: F401


@pytest.fixture(scope="module")
def gimp():
    others = [each for each in installed()[1:] if each[1] != installed()[0][1]]
    if not others:
        pytest.skip(
            "no second GIMP 3 here: as root on Debian, REVERIE_GIMP_SUITE=forky tests/gimp/provision.sh makes one"
        )
    yield from provided(*others[0])


@pytest.fixture(scope="module")
def running_backend(gimp):
    yield from backends(gimp)
