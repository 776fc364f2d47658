"""What a wrong name was meant to be."""

import pytest

from surveysim.naming import LONGEST, did_you_mean, near


@pytest.mark.parametrize(
    ("word", "known", "found"),
    [("regoin", ["region", "sex"], ["region"]), ("xyz", ["region"], []), (12, [11, 120], ["120"]), ("a", [], [])],
)
def test_near__is_the_closest_name_or_none(word, known, found):
    assert near(word, known) == found


def test_near__nothing_is_close_to_a_very_long_word():
    assert near("a" * LONGEST, ["a" * LONGEST]) == ["a" * LONGEST]
    assert near("a" * (LONGEST + 1), ["a" * LONGEST]) == []


def test_did_you_mean__ends_a_message():
    assert did_you_mean("regoin", ["region"]) == "; did you mean 'region'?"
    assert did_you_mean("xyz", ["region"]) == "."
    assert did_you_mean("xyz", ["region"], "; there are region") == "; there are region"


def test_did_you_mean__the_one_name_that_begins_so():
    assert did_you_mean("cochran", ["cochran-1977-sampling-techniques", "other"]).endswith(
        "'cochran-1977-sampling-techniques'?"
    )
    assert did_you_mean("lumley", ["lumley-2004-and-so-on", "lumley-2010-and-so-on"]) == "."
    assert did_you_mean("co", ["cochran-1977-sampling-techniques"]) == "."
