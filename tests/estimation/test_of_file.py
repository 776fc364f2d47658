"""A Survey of a file as it was read: its labels, its order of categories, its missing codes."""

import json

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from click.testing import CliRunner

import surveysim as ss
from surveysim import files
from surveysim.cli import main
from surveysim.weighting import BaseWeight, Rake
from surveysim.weighting.diagnostics import diagnose

N = 120
LABELS = {"rating": {1.0: "very good", 2.0: "good", 3.0: "bad", 9.0: "refused"}, "sex": {1.0: "male", 2.0: "female"}}


def table():
    rng = np.random.default_rng(8)
    return pd.DataFrame(
        {
            "rating": rng.choice([1.0, 2.0, 3.0, 9.0], N),
            "sex": np.tile([1.0, 2.0], N // 2),
            "hours": rng.gamma(4, 5, N).round(1),
            "region": np.repeat([10.0, 9.0, 8.0], N // 3),
            "w": rng.uniform(1, 3, N),
        }
    )


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "s.sav"
    pyreadstat.write_sav(table(), str(path), variable_value_labels=LABELS, missing_ranges={"rating": [9.0]})
    return files.read(path)


def test_survey__of_a_labelled_file(file):
    data = table()
    survey = ss.Survey(file, weight="w", strata="region")
    plain = ss.Survey(data.assign(rating=data["rating"].where(data["rating"] != 9)), weight="w", strata="region")
    with pytest.warns(ss.SurveysimWarning, match="set aside"):
        got, want = survey.proportion("rating", by="sex").table, plain.proportion("rating", by="sex").table
    assert got["level"].tolist() == ["very good", "very good", "good", "good", "bad", "bad"]
    assert got["domain"].tolist() == ["sex=male", "sex=female"] * 3
    numbers = ["estimate", "se", "lower", "upper"]
    np.testing.assert_allclose(got[numbers], want[numbers])
    np.testing.assert_allclose(survey.mean("hours").table[numbers], plain.mean("hours").table[numbers])
    where = survey.where("rating=very good").mean("hours").table
    np.testing.assert_allclose(where[numbers], plain.where("rating=1").mean("hours").table[numbers])
    by_region = survey.mean("hours", by="region").table["domain"].tolist()
    assert by_region == ["region=8", "region=9", "region=10"]


@pytest.mark.parametrize("levels", [("male", "female"), (1, 2), ("1", "2")])
def test_rake__of_a_labelled_file_by_labels_or_codes(levels, file):
    raked = ss.rake(file, {"sex": dict(zip(levels, (30, 70), strict=True))}, weight="w")
    np.testing.assert_allclose(raked.weight[table()["sex"] == 1].sum() / raked.weight.sum(), 0.3)
    survey = ss.Survey(file, weight="w").rake({"sex": dict(zip(levels, (30, 70), strict=True))})
    plain = ss.Survey(table(), weight="w").rake({"sex": {1: 30, 2: 70}})
    assert survey.mean("hours").table["se"][0] == pytest.approx(plain.mean("hours").table["se"][0])
    assert ss.Survey(file, weight=raked).replicates("jkn").mean("hours").table["se"][0] > 0
    with pytest.raises(ss.DataError, match=r"file\.write"):
        raked.add_to(file)


@pytest.mark.parametrize("levels", [("male", "female"), (1, 2), ("1", "2")])
@pytest.mark.parametrize(
    "act",
    [
        lambda data, totals, hours: ss.calibrate(data, {"sex": totals}, weight="w"),
        lambda data, totals, hours: ss.calibrate(data, {"sex": totals, "hours": hours}, weight="w"),
        lambda data, totals, hours: ss.calibrate(data, {"sex": totals}, weight="w", q="hours"),
        lambda data, totals, hours: ss.calibrate(
            data, {level: {"hours": hours / 2} for level in totals}, weight="w", by="sex"
        ),
        lambda data, totals, hours: ss.poststratify(data, {"sex": totals}, weight="w"),
        lambda data, totals, hours: ss.Survey(data, weight="w").calibrate({"sex": totals}).weight,
        lambda data, totals, hours: ss.Survey(data, weight="w").poststratify({"sex": totals}).weight,
        lambda data, totals, hours: ss.Recipe([BaseWeight("w"), Rake({"sex": totals})]).apply(data).final,
    ],
)
def test_weighting__of_a_labelled_file_takes_labels_or_codes_everywhere(act, levels, file):
    hours = float((table()["hours"] * table()["w"]).sum())
    got = act(file, dict(zip(levels, (110.0, 130.0), strict=True)), hours)
    want = act(table(), {1.0: 110.0, 2.0: 130.0}, hours)
    np.testing.assert_allclose(*(getattr(weights, "weight", weights) for weights in (got, want)), rtol=1e-12)


@pytest.mark.parametrize("levels", [("male", "female"), (1, 2), ("1", "2")])
def test_diagnose__of_a_labelled_file_by_labels_or_codes(levels, file):
    found = diagnose(file, "w", {"sex": dict(zip(levels, (30, 70), strict=True))}).margins
    want = diagnose(table(), "w", {"sex": {1.0: 30, 2.0: 70}}).margins
    np.testing.assert_allclose(found[["target", "after", "gap"]], want[["target", "after", "gap"]])


def test_levels__have_one_order_in_python_and_on_the_command_line(tmp_path):
    codes = ["10", "9", "2", "99+", "b", "a"] * 5
    dictionary = pd.Categorical(["low", "high", "mid"] * 10, categories=["low", "mid", "high"])
    frame = pd.DataFrame({"code": codes, "size": dictionary})
    frame.to_parquet(tmp_path / "d.parquet")
    for name, order in (("code", ["2", "9", "10", "99+", "a", "b"]), ("size", ["low", "mid", "high"])):
        assert ss.Survey(frame).proportion(name).table["level"].tolist() == order
        assert ss.Survey(files.read(tmp_path / "d.parquet")).proportion(name).table["level"].tolist() == order
        arguments = ["estimate", str(tmp_path / "d.parquet"), "--proportion", name, "--json"]
        found = json.loads(CliRunner().invoke(main, arguments).stdout)
        assert [row["level"] for row in found] == order


def test_survey__of_every_kind_of_file(tmp_path):
    frame = table().assign(online=table()["hours"] > 20)
    frame.to_parquet(tmp_path / "d.parquet")
    frame.drop(columns="online").to_csv(tmp_path / "d.csv", index=False)
    frame.drop(columns="online").to_excel(tmp_path / "d.xlsx", index=False)
    want = ss.Survey(frame, weight="w").mean("hours", by="sex").table["se"].tolist()
    for kind in ("parquet", "csv", "xlsx"):
        got = ss.Survey(files.read(tmp_path / f"d.{kind}"), weight="w").mean("hours", by="sex").table["se"].tolist()
        assert got == pytest.approx(want)
    of_file = ss.Survey(files.read(tmp_path / "d.parquet"), weight="w")
    assert of_file.proportion("online").table["level"].tolist() == ["True"]
    assert of_file.where("online").mean("hours").table["n"][0] == frame["online"].sum()
