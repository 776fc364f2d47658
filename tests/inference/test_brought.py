"""Replicate weights that came with a file: their scales, and adjustments of every column."""

import json
import pickle

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from samples import sample as small_sample

import surveysim as ss
from surveysim import DesignError, Survey, SurveysimWarning
from surveysim.cli import main
from surveysim.errors import SurveysimError

N, R = 60, 12


def table():
    rng = np.random.default_rng(2)
    data = pd.DataFrame(
        {
            "sex": list("fm") * (N // 2),
            "age": list("abc") * (N // 3),
            "y": rng.normal(3, 1, N),
            "WT": rng.uniform(1, 3, N),
        }
    )
    for r in range(R):
        data[f"WT{r + 1}"] = data["WT"] * np.where(np.arange(N) % R == r, 0.0, R / (R - 1))
    return data


REPLICATES = [f"WT{r + 1}" for r in range(R)]
MARGINS = {"sex": {"f": 70, "m": 50}, "age": {"a": 50, "b": 40, "c": 30}}


@pytest.mark.parametrize(
    ("options", "scale"),
    [
        ({"replicate_kind": "jk1"}, (R - 1) / R),
        ({"replicate_kind": "jk2"}, 1.0),
        ({"replicate_kind": "jkn", "rscales": 0.9}, 0.9),
        ({"replicate_kind": "brr"}, 1 / R),
        ({"replicate_kind": "fay", "rho": 0.5}, 4 / R),
        ({"replicate_kind": "bootstrap"}, 1 / (R - 1)),
        ({"replicate_kind": "sdr"}, 4 / R),
        ({"scale": 0.05}, 0.05),
        ({"scale": 0.5, "rscales": list(range(R))}, None),
    ],
)
def test_scale__by_how_they_were_made(options, scale, tmp_path):
    data = table()
    survey = ss.Survey(data, weight="WT", replicate_weights=REPLICATES, mse=True, **options)
    means = np.array([np.average(data["y"], weights=data[name]) for name in REPLICATES])
    off = (means - np.average(data["y"], weights=data["WT"])) ** 2
    want = scale * off.sum() if scale else 0.5 * (np.arange(R) * off).sum()
    assert survey.mean("y").table["se"][0] == pytest.approx(np.sqrt(want))
    data.to_csv(tmp_path / "d.csv", index=False)
    given = {"scale": "--scale", "rscales": "--rscales", "rho": "--rho", "replicate_kind": "--replicate-kind"}
    arguments = [a for k, v in options.items() for a in (given[k], ",".join(map(str, v)) if isinstance(v, list) else v)]
    found = CliRunner().invoke(
        main,
        ["estimate", str(tmp_path / "d.csv"), "--weight", "WT", "--replicate-weights", "WT*", "--mse", "--mean", "y", "--json",
         *map(str, arguments)],
    )  # fmt: skip
    assert found.exit_code == 0, found.stderr
    assert json.loads(found.stdout)[0]["se"] == pytest.approx(np.sqrt(want))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"replicate_kind": "jkn"}, "needs rscales"),
        ({"replicate_kind": "fay"}, "rho is for"),
        ({"replicate_kind": "brr", "rho": 0.5}, "rho is for"),
        ({"replicate_kind": "brr", "scale": 0.1}, "a scale of its own"),
        ({"replicate_kind": "fay", "rho": 1}, "rho = 1"),
        ({"replicate_kind": "acs"}, "replicate_kind = 'acs'"),
    ],
)
def test_scale__what_does_not_fit_is_refused(options, words):
    with pytest.raises((ss.DesignError, ss.DataError), match=words):
        ss.Survey(table(), weight="WT", replicate_weights=REPLICATES, **options)
    with pytest.raises(ss.DesignError, match="there are none"):
        ss.Survey(table(), weight="WT", replicate_kind="brr")


@pytest.mark.parametrize("margins_are", ["totals", "shares"])
def test_rake__every_column_is_raked(margins_are):
    data = table()
    margins = MARGINS
    if margins_are == "shares":
        margins = {v: {k: t / sum(m.values()) for k, t in m.items()} for v, m in MARGINS.items()}
    survey = ss.Survey(data, weight="WT", replicate_weights=REPLICATES, replicate_kind="jk1", mse=True)
    raked = survey.rake(margins, margins_are=margins_are)
    each = [ss.rake(data, margins, weight=name, margins_are=margins_are).weight for name in REPLICATES]
    np.testing.assert_allclose(raked.replicate_weights().to_numpy(), np.stack(each, axis=1), rtol=1e-8)
    off = [np.average(data["y"], weights=w) - raked.mean("y").table["estimate"][0] for w in each]
    assert raked.mean("y").table["se"][0] == pytest.approx(np.sqrt((R - 1) / R * np.sum(np.square(off))))
    assert raked.mean("y").table["se"][0] != pytest.approx(survey.mean("y").table["se"][0])
    assert pickle.loads(pickle.dumps(raked)).mean("y").table["se"][0] == raked.mean("y").table["se"][0]
    np.testing.assert_allclose(survey.replicate_weights().to_numpy(), data[REPLICATES], rtol=1e-15)  # as it was


def test_rake__on_the_command_line(tmp_path):
    table().to_csv(tmp_path / "d.csv", index=False)
    rows = [f"{v},{k},{t}" for v, m in MARGINS.items() for k, t in m.items()]
    (tmp_path / "m.csv").write_text("variable,level,total\n" + "\n".join(rows) + "\n", encoding="utf-8")
    arguments = ["estimate", tmp_path / "d.csv", "--weight", "WT", "--rake", tmp_path / "m.csv", "--replicate-weights", "WT*",
                 "--replicate-kind", "jk1", "--mse", "--mean", "y", "--json"]  # fmt: skip
    found = CliRunner().invoke(main, [str(a) for a in arguments])
    assert found.exit_code == 0, found.stderr
    survey = ss.Survey(table(), weight="WT", replicate_weights=REPLICATES, replicate_kind="jk1", mse=True)
    assert json.loads(found.stdout)[0]["se"] == pytest.approx(survey.rake(MARGINS).mean("y").table["se"][0], rel=1e-8)


def test_rake__a_column_that_cannot_be_raked_is_named():
    data = table()
    data["WT5"] = np.where(data["age"] == "a", 0.0, data["WT5"])
    survey = ss.Survey(data, weight="WT", replicate_weights=REPLICATES, replicate_kind="jk1")
    with pytest.raises(
        ss.CalibrationError, match="replicate 5 of 12 cannot be weighted like the sample: margin 'age', level 'a'"
    ):
        survey.rake(MARGINS)


def test_patterns__take_columns_in_the_order_of_their_numbers_and_not_the_weight(tmp_path):
    table().to_csv(tmp_path / "d.csv", index=False)
    call = ["estimate", str(tmp_path / "d.csv"), "--weight", "WT", "--mean", "y", "--json"]
    rscales = ",".join(map(str, range(R)))
    by_pattern = CliRunner().invoke(main, [*call, "--replicate-weights", "WT*", "--rscales", rscales, "--scale", "2"])
    by_name = CliRunner().invoke(
        main, [*call, "--replicate-weights", ",".join(REPLICATES), "--rscales", rscales, "--scale", "2"]
    )
    (tmp_path / "r.txt").write_text("\n".join(map(str, range(R))), encoding="utf-8")
    by_file = CliRunner().invoke(
        main, [*call, "--replicate-weights", "WT*", "--rscales", str(tmp_path / "r.txt"), "--scale", "2"]
    )
    assert by_pattern.exit_code == 0, by_pattern.stderr
    assert by_pattern.stdout == by_name.stdout == by_file.stdout
    for wrong, words in (("PW*", "no column is called 'PW*'"), ("WT1", "two at least")):
        found = CliRunner().invoke(main, [*call, "--replicate-weights", wrong, "--scale", "2"])
        assert found.exit_code == 2
        assert words in found.stderr


def test_replicate_weights_without_a_scale__are_warned_of():
    data = small_sample()
    weights = np.outer(data["w"], np.ones(4))
    with pytest.warns(SurveysimWarning, match="scale and rscales are 1"):
        Survey(data, weight="w", replicate_weights=weights)
    with pytest.raises(DesignError, match="give a number"):
        Survey(data, weight="w", replicate_weights=weights, scale="BRR")


NEAR_FIVE = np.random.default_rng(3).normal(5, 1, 40)


def of_levels(**columns):
    return pd.DataFrame(
        {"y": NEAR_FIVE, "w": 1.5, "g": list("pqrp") * 10, "c": np.arange(40) // 2, "overlap": ["a", "ab"] * 20}
        | columns
    )


@pytest.mark.filterwarnings("ignore::surveysim.SurveysimWarning")
def test_replicates__are_named_by_their_column():
    with pytest.raises(SurveysimError, match=r"weights that sum to 0, the first is replicate 2 \('bad'\)"):
        ss.Survey(of_levels(bad=[-1.0, 1.0] * 20), "w", replicate_weights=["w", "bad"], scale=0.5).mean("y")
