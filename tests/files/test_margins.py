"""Margins as they come: rounded percentages, total rows, several faults at once."""

import warnings

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim import files


def margins(tmp_path, *rows, kind="percent", name="m.csv", **options):
    path = tmp_path / name
    path.write_text(f"variable,level,{kind}\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return files.read_margins(path, **options)


def test_rounding__is_normalised_and_said(tmp_path):
    with pytest.warns(ss.SurveysimWarning, match=r"percent of 'age' sums to 99.9 and is multiplied by 1.001001"):
        table, reading = margins(tmp_path, "age,a,33.3", "age,b,33.3", "age,c,33.3", "sex,m,49", "sex,f,51")
    assert reading == "shares"
    assert table["total"].groupby(table["variable"]).sum().tolist() == pytest.approx([100, 100], rel=1e-14)
    assert table["total"].tolist()[:3] == pytest.approx([100 / 3] * 3)


@pytest.mark.parametrize(
    ("values", "allowed"),
    [
        (["33.4", "33.4", "33.3"], True),  # 100.1 of three
        (["50.1", "50.0"], True),  # 50.05 is rounded up
        (["50.0", "49.9"], False),  # no two numbers that sum to 100 are printed so
        (["33", "33", "33"], True),
        (["33.0", "33.0", "33.0"], False),  # one decimal allows 0.15
        (["20.00", "30.00", "49.90"], False),
        (["16.7"] * 6, True),  # 100.2
        (["16.6"] * 6, False),  # 99.6
        (["25", "25", "49"], True),
        (["25", "25", "48"], False),
    ],
)
def test_rounding__no_more_than_the_printed_digits_allow(values, allowed, tmp_path):
    rows = [f"age,{k},{v}" for k, v in enumerate(values)]
    if allowed:
        with pytest.warns(ss.SurveysimWarning, match="multiplied"):
            margins(tmp_path, *rows)
    else:
        with pytest.raises(ss.DataError, match="not to 100; rounding"):
            margins(tmp_path, *rows)


def test_rounding__shares_likewise(tmp_path):
    with pytest.warns(ss.SurveysimWarning, match="share of 'age' sums to 0.99"):
        margins(tmp_path, "age,a,0.33", "age,b,0.33", "age,c,0.33", kind="share")
    with pytest.raises(ss.DataError, match=r"sums to 0\.99, not to 1"):
        margins(tmp_path, "age,a,0.330", "age,b,0.330", "age,c,0.330", kind="share")


def test_rescale__percentages_whatever_they_sum_to(tmp_path):
    with pytest.warns(ss.SurveysimWarning, match="'age' sums to 80 and is multiplied by 1.25"):
        table, _ = margins(tmp_path, "age,a,20", "age,b,60", "sex,m,50", "sex,f,50", rescale=True)
    assert table["total"].tolist() == [25, 75, 50, 50]


def test_rescale__shares_in_python():
    data = pd.DataFrame({"age": list("aabb"), "sex": list("mfmf")})
    raked = ss.rake(data, {"sex": {"m": 50, "f": 50}, "age": {"a": 20, "b": 60}}, margins_are="shares", rescale="sex")
    np.testing.assert_allclose(raked.weight, [0.5, 0.5, 1.5, 1.5])
    with pytest.raises(ss.CalibrationError, match="sum to 80"):
        ss.rake(data, {"sex": {"m": 50, "f": 50}, "age": {"a": 20, "b": 60}}, margins_are="shares")


def test_faults__all_in_one_message(tmp_path):
    with pytest.raises(ss.DataError) as told:
        margins(tmp_path, "age,a,40", "age,b,70", "sex,m,50", "sex,f,44", "educ,1,50", "educ,2,50", "region,n,10")
    for words in ("'age' sums to 110", "'sex' sums to 94", "'region' sums to 10"):
        assert words in str(told.value)
    assert "educ" not in str(told.value)
    with pytest.raises(ss.DataError) as told:
        margins(tmp_path, "age,,40", "age,b,60", "age,b,60", "sex*age,m,50")
    for words in ("data row 1 has an empty cell", "data row 3, age = b", "data row 4 crosses 2 variables"):
        assert words in str(told.value)


@pytest.mark.parametrize("kind", ["total", "percent", "share"])
@pytest.mark.parametrize(
    ("value", "words"), [("-5", "data row 2: {} of sex = f is -5"), ("inf", "'{}' is infinite .* data row 2")]
)
def test_faults__impossible_numbers_are_named_with_file_row_and_column(tmp_path, kind, value, words):
    with pytest.raises(ss.DataError, match=r"m\.csv.*" + words.format(kind)):
        margins(tmp_path, "sex,m,49", f"sex,f,{value}", kind=kind)


@pytest.mark.parametrize("name", ["Total", "TOTAL:", "合计", "Insgesamt", "All", "sum"])
def test_total_rows__are_refused_by_name(name, tmp_path):
    with pytest.raises(
        ss.DataError, match=rf"data row 3, 'age' = '{name}' with 100, is a total of the other levels \(100\)"
    ):
        margins(tmp_path, "age,a,40", "age,b,60", f"age,{name},100", "sex,m,50", "sex,f,50")
    with pytest.raises(ss.DataError, match="data row 3"):
        margins(tmp_path, "age,a,400", "age,b,600", f"age,{name},1000", "sex,m,500", "sex,f,500", kind="total")


def test_total_rows__by_their_number_where_the_name_tells_nothing(tmp_path):
    with pytest.raises(ss.DataError, match="data row 3, 'age' = 'a-b' with 1000, is a total"):
        margins(
            tmp_path,
            "age,a,400",
            "age,b,600",
            "age,a-b,1000",
            "sex,m,500",
            "sex,f,500",
            "u,t,700",
            "u,l,300",
            kind="total",
        )
    with pytest.raises(ss.DataError, match="data row 1, 'Total', is a total and no margin"):
        margins(tmp_path, "Total,Total,100", "age,a,40", "age,b,60")


def test_total_rows__levels_that_are_called_so_are_levels(tmp_path):
    (tmp_path / "d.csv").write_text("brand\nTotal\nShell\nTotal\n", encoding="utf-8")
    data = files.read(tmp_path / "d.csv")
    table, _ = margins(tmp_path, "brand,Total,60", "brand,Shell,40", data=data)
    assert table["level"].tolist() == ["Total", "Shell"]
    table, _ = margins(tmp_path, "age,a,300", "age,b,200", "age,c,500", "sex,m,500", "sex,f,500", kind="total")
    assert len(table) == 5  # half of everybody is in c


def test_levels__with_stars(tmp_path):
    (tmp_path / "d.csv").write_text("a*,b\nx*,y\nx,*y\n", encoding="utf-8")
    data = files.read(tmp_path / "d.csv")
    table, _ = margins(tmp_path, 'a**b,"""x*""*y",40', '"""a*""*b","x*""*y""",60', data=data)
    assert table["variable"].tolist() == [("a*", "b")] * 2
    assert table["level"].tolist()[1] == ("x", "*y")


def test_excel__numbers_without_printed_digits(tmp_path):
    thirds = pd.DataFrame({"variable": "age", "level": list("abc"), "percent": [100 / 3] * 3})
    thirds.to_excel(tmp_path / "m.xlsx", index=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert files.read_margins(tmp_path / "m.xlsx")[0]["total"].sum() == pytest.approx(100)
    thirds.assign(percent=33.3).to_excel(tmp_path / "m.xlsx", index=False)
    with pytest.warns(ss.SurveysimWarning, match="99.9"):
        files.read_margins(tmp_path / "m.xlsx")


def test_rounding__in_python():
    data = pd.DataFrame({"age": list("abc") * 2, "sex": list("mfmfmf")})
    margins = {"age": {"a": 33.3, "b": 33.3, "c": 33.3}, "sex": {"m": 49, "f": 51}}
    for options in ({}, {"margins_are": "shares"}):
        with pytest.warns(ss.SurveysimWarning, match="'age' sum to 99.9 by rounding"):
            raked = ss.rake(data, margins, **options)
        shares = pd.Series(raked.weight).groupby(data["age"]).sum()
        np.testing.assert_allclose(shares, 2.0)
    with pytest.raises(ss.CalibrationError, match=r"sums? to 99\.5"):
        ss.rake(data, margins | {"age": {"a": 33.3, "b": 33.3, "c": 32.9}}, margins_are="shares")


def test_faults__of_margins_against_the_data_come_at_once():
    data = pd.DataFrame({"sex": ["m", "f", "x", "f"], "age": ["a", "b", None, "a"], "u": list("tttt")})
    margins = {"sex": {"m": 50, "f": 50}, "age": {"a": 40, "b": 40, "c": 20}, "u": {"t": 60, "l": 40}}
    with pytest.raises(ss.CalibrationError) as told:
        ss.rake(data, margins)
    for words in (
        "1 respondents have sex = 'x'",
        "'age' is missing in 1 rows",
        "Nobody has age = 'c'",
        "Nobody has u = 'l'",
    ):
        assert words in str(told.value), words
    rest = data.iloc[[0, 1, 3]].reset_index(drop=True)
    with pytest.raises(
        ss.CalibrationError, match=r"level 'c' has a total of 0\.6.*\(2 such levels\).*others are margin 'u', level 'l'"
    ):
        ss.rake(rest, margins)
