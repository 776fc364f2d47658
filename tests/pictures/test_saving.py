"""Pictures as files, light and dark, and what they say."""

import re
import tomllib
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import surveysim as ss
from surveysim.pictures import alt, save
from surveysim.pictures.saving import THEMES, themed


def picture(**options):
    table = pd.DataFrame({"y": [1, 3, 2, 4], "sex": list("ffmm")})
    return ss.Survey(table).mean("y", by="sex").plot(**options)


def test_themes__are_the_colours_of_the_report():
    css = (files("surveysim.report") / "templates" / "style.css").read_text(encoding="utf-8")
    light, dark = css.split("prefers-color-scheme:dark", 1)
    for name, sheet in (("light", light), ("dark", dark)):
        told = dict(re.findall(r"(--[\w-]+):(#\w{6})", sheet))
        assert THEMES[name].items() <= told.items()


def test_words__have_the_same_keys_in_both_languages():
    table = tomllib.loads((files("surveysim.pictures") / "words.toml").read_text(encoding="utf-8"))
    assert sorted(table["en"]) == sorted(table["zh"])
    holes = {lang: {k: sorted(re.findall(r"{\w+}", v)) for k, v in words.items()} for lang, words in table.items()}
    assert holes["en"] == holes["zh"]


def test_svg__carries_its_sentence_and_both_themes(tmp_path):
    ax = picture()
    text = save(ax, tmp_path / "means.svg").read_text(encoding="utf-8")
    assert f"<title>{alt(ax)}</title>" in text
    assert "prefers-color-scheme:dark" in text
    assert set(re.findall(r"var\((--[\w-]+)\)", text)) <= {*THEMES["light"], "--font"}
    assert "prefers-color-scheme" not in save(ax, tmp_path / "dark.svg", "dark").read_text(encoding="utf-8")


@pytest.mark.parametrize("ending", ["png", "pdf"])
def test_other_files__carry_it_too(tmp_path, ending):
    content = save(picture(), tmp_path / f"means.{ending}").read_bytes()
    assert b"2 estimates with 95 % intervals" in content or ending == "pdf"
    assert save(picture(), tmp_path / f"again.{ending}").read_bytes() == content


def test_themed__changes_a_copy():
    ax = picture()
    before = [line.get_color() for line in ax.get_lines()]
    dark = themed(ax, "dark")
    assert [line.get_color() for line in dark.axes[0].get_lines()] == [THEMES["dark"]["--first"]]
    assert [line.get_color() for line in ax.get_lines()] == before


def test_bad_wishes__are_refused(tmp_path):
    with pytest.raises(ss.DataError, match="svg"):
        save(picture(), tmp_path / "means.gif")
    with pytest.raises(ss.DataError, match="theme"):
        save(picture(), tmp_path / "means.svg", "blue")
    with pytest.raises(ss.DataError, match="Axes"):
        save(np.ones(3), tmp_path / "means.svg")


def test_axes_that_are_given__are_drawn_on():
    left, right = Figure(figsize=(9, 3)).subplots(1, 2)
    assert picture(ax=left, title="Means") is left
    assert left.get_title(loc="left") == "Means"
    assert not right.get_lines()


def test_figures_of_pyplot__leave_no_copy_behind(tmp_path):
    from matplotlib import pyplot

    pyplot.switch_backend("agg")
    others = pyplot.get_fignums()  # of tests before
    figure, ax = pyplot.subplots()
    save(picture(ax=ax), tmp_path / "means.png", "dark")
    assert pyplot.get_fignums() == [*others, figure.number]
    pyplot.close(figure)
