"""`surveysim weights`, `estimate` and `plan` as a user meets them: exit codes, stdout, files."""

import json
import re
import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from click.testing import CliRunner

import surveysim as ss
from surveysim import files
from surveysim.cli import main

N = 300
RECIPES = Path(__file__).parents[2] / "examples" / "recipes"


def surveysim(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def table():
    rng = np.random.default_rng(5)
    return pd.DataFrame(
        {
            "sex": rng.integers(1, 3, N).astype(float),
            "age": rng.choice([1.0, 2.0, 3.0], N, p=[0.2, 0.5, 0.3]),
            "hours": rng.gamma(4, 6, N).round(1),
            "stratum": np.repeat(np.arange(6.0), N // 6),
            "w": rng.uniform(1, 3, N),
        }
    )


LABELS = {"sex": {1.0: "male", 2.0: "female"}, "age": {1.0: "6-29", 2.0: "30-59", 3.0: "60+"}}
MARGINS = "variable,level,percent\nsex,male,51\nsex,female,49\nage,6-29,33\nage,30-59,45\nage,60+,22\n"


@pytest.fixture
def sav(tmp_path):
    pyreadstat.write_sav(table(), str(tmp_path / "s.sav"), variable_value_labels=LABELS)
    (tmp_path / "m.csv").write_text(MARGINS, encoding="utf-8")
    return tmp_path / "s.sav"


def raked():
    data = table()
    margins = {"sex": {1.0: 51, 2.0: 49}, "age": {1.0: 33, 2.0: 45, 3.0: 22}}
    return data, ss.rake(data, margins, weight="w")


@pytest.mark.filterwarnings("ignore:.*written as")
@pytest.mark.parametrize("kind", ["sav", "dta", "csv", "parquet", "xlsx"])
def test_rake__every_kind_of_file_gets_the_weights_of_python(kind, sav, tmp_path):
    data = tmp_path / f"in.{kind}"
    files.read(sav).write(data, {})
    if kind in ("csv", "parquet", "xlsx"):  # no labels there: margins by codes
        text = MARGINS
        for code, label in [("1", ",male,"), ("2", ",female,"), ("1", ",6-29,"), ("2", ",30-59,"), ("3", ",60+,")]:
            text = text.replace(label, f",{code},")
        (tmp_path / "m.csv").write_text(text, encoding="utf-8")
    found = surveysim(
        "weights", "rake", data, "--margins", tmp_path / "m.csv", "--weight", "w", "-o", tmp_path / f"out.{kind}"
    )
    assert found.exit_code == 0, found.stderr
    np.testing.assert_allclose(
        files.read(tmp_path / f"out.{kind}").numbers("raked_weight"), raked()[1].weight, rtol=1e-12
    )


def test_rake__json_is_all_there_is_on_stdout(sav, tmp_path):
    out, table_ = tmp_path / "o.sav", tmp_path / "d.csv"
    found = surveysim(
        "weights", "rake", sav, "--margins", tmp_path / "m.csv", "--weight", "w", "-o", out, "--json", "--diagnostics", table_
    )  # fmt: skip
    facts = json.loads(found.stdout)
    _, cal = raked()
    assert facts["deff_kish"] == pytest.approx(cal.deff_kish)
    assert facts["effective_n"] == pytest.approx(cal.effective_n)
    assert max(abs(row["gap"]) for row in facts["margins"]) < 1e-6
    before = {row["level"]: row["before"] for row in facts["margins"]}
    data = table()
    assert before["male"] == pytest.approx(100 * data.loc[data["sex"] == 1, "w"].sum() / data["w"].sum())
    assert len(pd.read_csv(table_)) == 5


@pytest.mark.filterwarnings("ignore:.*written as")
def test_rake__population_percent_and_trim(sav, tmp_path):
    found = surveysim(
        "weights", "rake", sav, "--margins", tmp_path / "m.csv", "-o", tmp_path / "o.csv", "--population", 1000, "--trim", 0.5, 1.6
    )  # fmt: skip
    assert found.exit_code == 0, found.stderr
    weight = files.read(tmp_path / "o.csv").numbers("raked_weight")
    assert weight.sum() == pytest.approx(1000)
    mean = 1000 / N
    assert weight.min() >= 0.5 * mean * (1 - 1e-6)
    assert weight.max() <= 1.6 * mean * (1 + 1e-6)


@pytest.mark.parametrize(("policy", "code"), [("fail", 2), ("drop", 0), ("level", 0)])
def test_rake__missing_levels(policy, code, tmp_path):
    data = table().assign(sex=table()["sex"].where(np.arange(N) % 10 > 0))
    pyreadstat.write_sav(data, str(tmp_path / "s.sav"), variable_value_labels=LABELS)
    (tmp_path / "m.csv").write_text(MARGINS, encoding="utf-8")
    found = surveysim(
        "weights", "rake", tmp_path / "s.sav", "--margins", tmp_path / "m.csv", "-o", tmp_path / "o.sav", "--missing", policy
    )  # fmt: skip
    assert found.exit_code == code, found.stderr
    if policy == "fail":
        assert "'sex' is missing in 30 rows" in found.stderr
        assert not (tmp_path / "o.sav").exists()
        return
    weight = files.read(tmp_path / "o.sav").numbers("raked_weight")
    there = data["sex"].notna().to_numpy()
    assert (weight[~there] == 0).all() == (policy == "drop")
    male = weight[(data["sex"] == 1).to_numpy()].sum() / weight[there].sum()
    assert male == pytest.approx(0.51)


def test_diagnose__what_the_weights_do(sav, tmp_path):
    found = surveysim("weights", "diagnose", sav, "--weight", "w", "--margins", tmp_path / "m.csv")
    assert found.exit_code == 0, found.stderr
    assert f"{N} respondents" in found.stdout
    facts = json.loads(surveysim("weights", "diagnose", sav, "--weight", "w", "--json").stdout)
    w = table()["w"]
    assert facts["deff_kish"] == pytest.approx(N * (w**2).sum() / w.sum() ** 2)
    assert facts["extremes"][0]["row"] == int(w.argmax()) + 1
    assert facts["margins"] == []


def test_estimate__as_in_python(sav, tmp_path):
    out = tmp_path / "e.csv"
    arguments = [
        "--mean",
        "hours",
        "--proportion",
        "age",
        "--ratio",
        "hours/w",
        "--quantile",
        "hours:0.5",
        "--total",
        "hours",
    ]
    found = surveysim(
        "estimate", sav, *arguments, "--weight", "w", "--strata", "stratum", "--by", "sex", "--rake", tmp_path / "m.csv", "-o", out
    )  # fmt: skip
    assert found.exit_code == 0, found.stderr
    data = table().assign(age=table()["age"].map(LABELS["age"]), sex=table()["sex"].map(LABELS["sex"]))
    data["hours/w"] = data["w"]
    margins, reading = files.read_margins(tmp_path / "m.csv")
    survey = ss.Survey(data, weight="w", strata="stratum").rake(margins, margins_are=reading)
    table_ = pd.read_csv(out).set_index(["statistic", "variable", "level", "domain"])
    for e in (survey.mean("hours", by="sex"), survey.proportion("age", by="sex"), survey.total("hours", by="sex")):
        for row in e.to_frame().itertuples():
            level = row.level or np.nan
            got = (
                table_.loc[(row.statistic, row.variable, level, row.domain)]
                if row.level
                else table_.xs(
                    (row.statistic, row.variable, row.domain), level=("statistic", "variable", "domain")
                ).iloc[0]
            )
            np.testing.assert_allclose(
                got[["estimate", "se", "lower", "upper"]].astype(float),
                [row.estimate, row.se, row.lower, row.upper],
                rtol=1e-9,
            )
    assert {"ratio", "quantile"} <= set(table_.index.get_level_values("statistic"))


def test_estimate__subpopulations_keep_the_design(sav):
    found = surveysim(
        "estimate", sav, "--mean", "hours", "--weight", "w", "--strata", "stratum", "--where", "age=60+", "--where", "hours>=10", "--json"
    )  # fmt: skip
    row = json.loads(found.stdout)[0]
    data = table()
    survey = ss.Survey(data, weight="w", strata="stratum").where((data["age"] == 3) & (data["hours"] >= 10))
    expected = survey.mean("hours").to_frame().iloc[0]
    assert row["estimate"] == pytest.approx(expected["estimate"])
    assert row["se"] == pytest.approx(expected["se"])


def test_estimate__replicates(sav):
    found = surveysim(
        "estimate", sav, "--mean", "hours", "--weight", "w", "--replicates", "rao-wu", "--count", 50, "--json"
    )
    expected = ss.Survey(table(), weight="w").replicates("rao-wu", n=50, seed=1).mean("hours").to_frame()
    assert json.loads(found.stdout)[0]["se"] == pytest.approx(expected["se"][0])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--mean", "hour"], "did you mean 'hours'"),
        (["--mean", "hours", "--where", "sex=other"], "no row has sex = 'other'"),
        (["--ratio", "hours"], "NUM/DEN"),
        (["--quantile", "hours:half"], "is no number"),
        ([], "nothing to estimate"),
        (["--mean", "hours", "-o", "e.txt"], "written as .csv"),
        (["--mean", "hours", "--ci", "normal", "--proportion", "sex"], "--ci 'normal': give one of wald, logit"),
    ],
)
def test_estimate__bad_input_is_exit_code_2(arguments, words, sav):
    found = surveysim("estimate", sav, *arguments)
    assert found.exit_code == 2
    assert words in found.stderr
    assert found.stdout == ""


def test_plan__size_and_its_inverse():
    assert json.loads(surveysim("plan", "size", "--moe", "0.66%", "--json").stdout)["n"] == 22047
    assert json.loads(surveysim("plan", "size", "--moe", "0.0066", "--p", "78.6%", "--json").stdout)["n"] == 14834
    moe = json.loads(surveysim("plan", "size", "--n", "22047", "--json").stdout)["moe"]
    assert moe == ss.margin_of_error(22047)
    assert surveysim("plan", "size").exit_code == 2
    assert "22,047 interviews" in surveysim("plan", "size", "--moe", "0.66%").stdout


def test_plan__allocate(tmp_path):
    (tmp_path / "s.csv").write_text("stratum,size,sd\n01,100,1\n02,300,1\n03,100,4\n", encoding="utf-8")
    found = surveysim("plan", "allocate", tmp_path / "s.csv", "--n", 80, "--method", "neyman", "-o", tmp_path / "a.csv")
    assert found.exit_code == 0, found.stderr
    done = pd.read_csv(tmp_path / "a.csv", dtype={"stratum": str})
    assert done[["stratum", "interviews"]].values.tolist() == [["01", 10], ["02", 30], ["03", 40]]
    (tmp_path / "s.csv").write_text("stratum,size\n01,100\n01,300\n", encoding="utf-8")
    assert "data row 2" in surveysim("plan", "allocate", tmp_path / "s.csv", "--n", 80).stderr


def test_outputs__never_take_the_place_of_inputs_or_of_each_other(tmp_path):
    data, margins, strata = (tmp_path / n for n in ("d.csv", "m.csv", "s.csv"))
    table().to_csv(data, index=False)
    margins.write_text("variable,level,percent\nsex,1,51\nsex,2,49\n", encoding="utf-8")
    strata.write_text("stratum,size\na,100\nb,300\n", encoding="utf-8")
    rake, out = ["weights", "rake", data, "--margins", margins, "-o"], tmp_path / "o.csv"
    before = {p: p.read_bytes() for p in (data, margins, strata)}
    for arguments in (
        [*rake, data],
        [*rake, margins],
        [*rake, out, "--diagnostics", data],
        [*rake, out, "--diagnostics", out],
        ["estimate", data, "--mean", "hours", "-o", data],
        ["estimate", data, "--mean", "hours", "--rake", margins, "-o", margins],
        ["plan", "allocate", strata, "--n", 10, "-o", strata],
    ):
        found = surveysim(*arguments)
        assert found.exit_code == 2, arguments
        assert "nothing is lost" in found.stderr or "written twice" in found.stderr
    assert {p: p.read_bytes() for p in before} == before
    assert not out.exists()


def test_estimate__population_as_the_weights_were_raked(tmp_path, sav):
    margins = tmp_path / "m.csv"
    surveysim(
        "weights", "rake", sav, "--margins", margins, "--weight", "w", "--population", 24000, "-o", tmp_path / "o.sav"
    )
    by_weights = surveysim("estimate", tmp_path / "o.sav", "--weight", "raked_weight", "--total", "hours", "--json")
    options = ["--weight", "w", "--rake", margins, "--population", 24000]
    raked = surveysim("estimate", sav, *options, "--total", "hours", "--json")
    a, b = (json.loads(found.stdout)[0] for found in (by_weights, raked))
    assert a["estimate"] == pytest.approx(b["estimate"], rel=1e-6)
    shares = json.loads(surveysim("estimate", sav, *options[:4], "--total", "hours", "--json").stdout)[0]
    assert b["se"] / b["estimate"] < shares["se"] / shares["estimate"]  # a known size is worth something


def test_allocate__more_than_there_are_is_said(tmp_path):
    (tmp_path / "s.csv").write_text("stratum,size\na,100\nb,3\n", encoding="utf-8")
    found = surveysim("plan", "allocate", tmp_path / "s.csv", "--n", 20, "--method", "equal")
    assert found.exit_code == 0
    assert "the first is 'b' with 10 of 3" in found.stderr
    (tmp_path / "s.csv").write_text("stratum,size\na,100\nb,0\n", encoding="utf-8")
    assert "stratum 'b' has no size" in surveysim("plan", "allocate", tmp_path / "s.csv", "--n", 20).stderr


def test_cli__rows_of_a_file_keep_their_number_and_options_their_value(tmp_path):
    """Rows of tables are counted from 1 in commands; those of a sheet are already, and --header-row 3 is no row of a table."""
    (tmp_path / "d.csv").write_text("Table 1,,\n,,\nsex,age,y\n1,2,3\n1,2,4\n", encoding="utf-8")
    done = CliRunner().invoke(main, ["estimate", str(tmp_path / "d.csv"), "--mean", "y"])
    assert done.exit_code == 2
    assert "row 1 of the file ('Table 1')" in done.stderr
    assert "--header-row 3 (header_row=3" in done.stderr


@pytest.mark.filterwarnings("ignore:.*written as")
@pytest.mark.parametrize(
    ("name", "kind"), [("pew", "csv"), ("brfss", "parquet"), ("nats", "csv"), ("new_south_wales", "sav")]
)
def test_apply__published_recipes_give_the_weights_of_python(name, kind, tmp_path):
    made = runpy.run_path(str(RECIPES / "made_files.py"))["FILES"][name]()
    made.to_csv(tmp_path / "made.csv", index=False)
    data, out, recipe = tmp_path / f"in.{kind}", tmp_path / f"out.{kind}", RECIPES / f"{name}.toml"
    files.read(tmp_path / "made.csv").write(data, {})
    found = surveysim("weights", "apply", recipe, data, "-o", out, "--name", "raked", "--steps", "--json")
    assert found.exit_code == 0, found.stderr
    weights, facts, back = ss.Recipe.from_toml(recipe).apply(made), json.loads(found.stdout), files.read(out)
    np.testing.assert_allclose(back.numbers("raked"), weights.final, rtol=1e-9)
    for step, row in zip(list(weights.columns)[:-1], facts["steps"], strict=False):
        np.testing.assert_allclose(back.numbers(step), weights.columns[step], rtol=1e-9)
        assert row["sum"] == pytest.approx(weights.columns[step].sum())
    assert [row["step"] for row in facts["steps"]] == list(weights.columns)
    if name == "brfss":
        assert len(facts["steps"][-1]["reconciled"]) == 105
        assert len(facts["steps"][-1]["merged"]) == len(weights.records[-1]["merged"])


def test_apply__labels_a_page_and_what_steps_did(sav, tmp_path):
    """Levels are named by their labels; margins of the page are those of the weights that are written."""
    (tmp_path / "r.toml").write_text(
        '[[steps]]\nkind = "BaseWeight"\ncolumn = "w"\n\n[[steps]]\nkind = "Rake"\nmargins_are = "shares"\nmargins = { rows = [\n'
        '  { variable = "sex", level = "male", total = 51 },\n  { variable = "sex", level = "female", total = 49 },\n] }\n\n'
        '[[steps]]\nkind = "Trim"\nmost = 1.2\nname = "trimmed"\n',
        encoding="utf-8",
    )
    out, page = tmp_path / "o.sav", tmp_path / "page.html"
    found = surveysim("weights", "apply", tmp_path / "r.toml", sav, "-o", out, "--report", page)
    assert found.exit_code == 0, found.stderr
    assert "trimmed: cut " in found.stdout
    assert "Raked to sex by r.toml" in files.read(out).labels["trimmed"]
    weight, male = files.read(out).numbers("trimmed"), (table()["sex"] == 1).to_numpy()
    share, text = 100 * weight[male].sum() / weight.sum(), page.read_text(encoding="utf-8")
    assert abs(share - 51) > 0.005
    assert re.search(rf">{share:.1f}</td><td[^>]*>{re.escape(f'{share - 51:.2f}')}</td>", text)
    assert "weighted by the recipe r.toml" in text
    assert text.count("base_weight") >= 2
    (tmp_path / "one.toml").write_text('[[steps]]\nkind = "BaseWeight"\ncolumn = "w"\n', encoding="utf-8")
    found = surveysim("weights", "apply", tmp_path / "one.toml", sav, "--report", page, "--lang", "zh")
    assert found.exit_code == 0, found.stderr
    assert 'id="margins"' not in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[steps]]\nkind = 'Rakes'\n", ["r.toml: step 1", "Rakes", "choose one of"]),
        (
            "[[steps]]\nkind = 'BaseWeight'\ncolumn = 'w'\n\n[[steps]]\nkind = 'Trim'\nmosst = 3\n",
            ["r.toml: step 2", "mosst", "most"],
        ),
        ("[[steps]]\nkind = 'BaseWeight'\ncolumn = 'ww'\n", ["r.toml: step 'base_weight'", "s.sav", "'ww'", "w"]),
        ("[[steps]]\nkind = 'Trim'\nmost = 0.5\n", ["r.toml: step 1", "most = 0.5"]),
        ("[[steps]\n", ["r.toml", "TOML"]),
        ("kind = 'Trim'\n", ["r.toml", "[[steps]]"]),
    ],
)
def test_apply__bad_recipes_are_refused_with_file_key_and_remedy(text, words, sav, tmp_path):
    (tmp_path / "r.toml").write_text(text, encoding="utf-8")
    found = surveysim("weights", "apply", tmp_path / "r.toml", sav, "-o", tmp_path / "o.sav")
    assert found.exit_code == 2
    assert all(word in found.stderr for word in words), found.stderr
    assert not (tmp_path / "o.sav").exists()


def test_apply__options_that_would_do_nothing_are_refused(sav, tmp_path):
    (tmp_path / "r.toml").write_text('[[steps]]\nkind = "BaseWeight"\ncolumn = "w"\n', encoding="utf-8")
    for more in (["--name", "x"], ["--steps"], ["--lang", "zh"], ["-o", sav], ["--report", tmp_path / "r.toml"]):
        assert surveysim("weights", "apply", tmp_path / "r.toml", sav, *more).exit_code == 2, more
    found = surveysim("weights", "apply", tmp_path / "r.toml", sav, "--weight", "w")
    assert "starts with weights of its own" in found.stderr
