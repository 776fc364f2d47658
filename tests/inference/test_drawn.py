"""Which rows of estimates stand together in a picture, and what they are called."""

import itertools
import sys

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim.inference.drawn import Drawn
from surveysim.pictures import alt


@pytest.fixture(scope="module")
def survey():
    rng = np.random.default_rng(5)
    n = 400
    table = pd.DataFrame({"y": rng.normal(50, 9, n), "z": rng.normal(20, 5, n), "online": rng.random(n) < 0.6})
    table["region"], table["sex"] = rng.choice(["North", "South"], n), rng.choice(["f", "m"], n)
    table["wave"] = rng.choice(["2022-12", "2023-12", "2024-06"], n)
    table["age"] = rng.choice([f"{k}-{k + 4}" for k in range(20, 70, 5)], n)
    return ss.Survey(table)


def rows(ax):
    return [text.get_text() for text in ax.get_yticklabels()]


def legend(ax):
    return [] if ax.get_legend() is None else [text.get_text() for text in ax.get_legend().get_texts()]


def drawn(ax):
    """What is on the picture: {series: estimates}."""
    return {
        line.get_label(): np.asarray(line.get_xdata())
        for line in ax.get_lines()
        if line.get_marker() not in ("", "None")
    }


def test_points__are_the_estimates_in_percent_where_they_are_shares(survey):
    e = survey.proportion("online", by="region")
    ax = e.plot()
    assert np.allclose(next(iter(drawn(ax).values())), 100 * e.table["estimate"])
    assert rows(ax) == ["North", "South"]
    assert ax.get_xlabel() == "Percent · online"


def test_several_variables__share_rows_or_are_series(survey):
    ax = survey.mean(["y", "z"], by="region").plot()
    assert (rows(ax), legend(ax)) == (["y", "z"], ["North", "South"])
    ax = survey.mean(["y", "z"], by="age").plot()
    assert (len(rows(ax)), legend(ax)) == (10, ["y", "z"])


def test_two_columns_of_domains__make_headings(survey):
    assert rows(survey.mean("y", by=["region", "sex"]).plot()) == ["North", "f", "m", "South", "f", "m"]


def test_forest__tells_which_differences_are_none(survey):
    e = survey.mean("y", by="region").contrast({0: 1, 1: -1})
    ax = e.plot("forest")
    assert rows(ax) == ["region=North − region=South"]
    assert alt(ax).startswith("region=North − region=South: ")
    ratio = survey.mean("y", by="region").function("`region=North` / `region=South`").plot("forest", at=1)
    assert rows(ratio) == ["`region=North` / `region=South`"]
    assert any("(" in text.get_text() for text in ax.texts)


def test_trend__keeps_distances_of_dates(survey):
    ax = survey.proportion("online", by=["wave", "sex"]).plot("trend")
    place = np.asarray(ax.get_xticks())
    assert np.allclose(np.diff(place), [365, 183])  # days
    assert legend(ax) == ["f", "m"]
    with pytest.raises(ss.DataError, match="by='year'"):
        survey.mean("y", by="wave").plot("trend", along="year")


def test_any_table_with_bounds__is_drawn():
    class Other(Drawn):
        level = 0.9
        table = pd.DataFrame(
            {"what": ["a - b", "a - c"], "estimate": [1.0, 2.0], "lower": [-1.0, 1.0], "upper": [3.0, 3.0]}
        )

    ax = Other().plot("forest")
    assert rows(ax) == ["a - b", "a - c"]
    assert alt(ax).startswith("2 differences with 90 % intervals, 1 of which do not hold 0")
    Other.table = Other.table.drop(columns="lower")
    with pytest.raises(ss.DataError, match="lower"):
        Other().plot()


def test_without_matplotlib__the_error_names_the_extra(survey, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ss.DataError, match=r"\[report\]"):
        survey.mean("y").plot()


@pytest.mark.parametrize("wish", [{"kind": "pie"}, {"lang": "fr"}, {"at": "0"}])
def test_bad_wishes__are_refused(survey, wish):
    with pytest.raises(ss.DataError, match=next(iter(wish))):
        survey.mean("y", by="sex").plot(**wish)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_nothing_is_cut__with_long_names_and_many_rows(lang):
    """Every text of a picture lies inside of it."""
    rng = np.random.default_rng(2)
    names = [f"A level whose name is very long, as those of questionnaires are, number {k}" for k in range(60)]
    table = pd.DataFrame({"y": rng.normal(size=1200), "level": np.repeat(names, 20)})
    for ax in (
        ss.Survey(table).mean("y", by="level").plot(lang=lang, title="A title " * 20),
        ss.Survey(table).mean("y").plot("forest"),
    ):
        ax.figure.draw_without_rendering()
        whole = ax.figure.bbox
        for text in [*ax.get_yticklabels(), *ax.texts, *ax.figure.texts]:
            box = text.get_window_extent()
            assert box.x0 >= whole.x0 - 1
            assert box.x1 <= whole.x1 + 1
        boxes = [text.get_window_extent() for text in ax.get_yticklabels()]
        assert all(a.y0 >= b.y1 - 2 for a, b in itertools.pairwise(boxes))
