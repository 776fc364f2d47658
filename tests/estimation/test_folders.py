"""Files larger than memory: the estimates and errors that the same rows have in memory, whatever the files; what is refused."""

import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import surveysim as ss
from surveysim import DataError, DesignError
from surveysim.cli import main
from surveysim.estimation import FolderSurvey, folders
from surveysim.files import parts

N = 1_200
MARGINS = {"h": {"a": 400, "b": 450, "c": 500}, "age": {1: 400, 2: 450, 10: 500}}
DESIGNS = (
    {},
    {"strata": "h"},
    {"strata": "h", "fpc": "N"},
    {"strata": [("h", "urban")]},
    {"strata": "h", "psu": "psu"},
    {"strata": "h", "psu": "town", "nest": True},
    {"strata": "h", "psu": ["psu", "house"], "fpc": ["f", "F"], "nest": True},
)


def made(seed=1, n=N):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"h": rng.choice(list("abc"), n), "sex": rng.choice(["m", "f", None], n, p=[0.5, 0.45, 0.05])})
    table["age"], table["y"] = rng.choice([1, 2, 10], n), rng.normal(500, 3, n).round(6)
    table["x"], table["online"], table["urban"] = rng.gamma(2, size=n), rng.random(n) < 0.4, rng.random(n) < 0.6
    table["kind"] = pd.Categorical(rng.choice(list("zxy"), n), categories=list("zqxy"))
    table["town"] = rng.integers(0, 12, n)
    table["psu"], table["house"] = table["h"] + table["town"].astype(str), rng.integers(0, 6, n)
    table["w"], table["N"] = rng.lognormal(0, 0.5, n), table["h"].map({"a": 900, "b": 800, "c": 600})
    table["f"], table["F"] = 0.1, 0.5
    table.loc[rng.random(n) < 0.05, "y"], table.loc[rng.random(n) < 0.03, "kind"] = np.nan, None
    table.loc[rng.random(n) < 0.03, "w"] = 0.0
    return table


def put(folder, table, cuts=(0, 5, 400, N)):
    folder.mkdir(parents=True)
    for k, (a, b) in enumerate(pairwise(cuts)):
        table.iloc[a:b].to_parquet(folder / f"part-{k}.parquet", index=False)
    return folder


def alike(found, want):
    found, want = found.to_frame(), want.to_frame()
    for name in want:
        if want[name].dtype.kind in "if":
            a, b = (t[name].astype(float) for t in (found, want))
            np.testing.assert_allclose(a, b, rtol=2e-12, atol=1e-11 if name != "se" else 1e-13, err_msg=name)
        else:
            assert found[name].tolist() == want[name].tolist()


@pytest.mark.filterwarnings("ignore:rows with missing values")
@pytest.mark.parametrize("raked", [False, True])
@pytest.mark.parametrize("design", DESIGNS, ids=str)
def test_folder__has_the_estimates_and_errors_of_the_rows(design, raked, tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "BATCH", 101)
    table = made()
    whole = ss.Survey(table, weight="w", **design)
    levels = ["h", "sex", "age", "online", "kind"]
    summed = FolderSurvey(put(tmp_path / "in", table), weight="w", numbers=["y", "x"], levels=levels, **design)
    if raked:
        whole, summed = whole.rake(MARGINS), summed.rake(MARGINS)
    for by in (None, "sex", ["age", "kind"]):
        alike(summed.mean(["y", "x"], by), whole.mean(["y", "x"], by))
        alike(summed.total(["x", "y"], by, level=0.9), whole.total(["x", "y"], by, level=0.9))
        alike(summed.ratio("y", "x", by, df=9), whole.ratio("y", "x", by, df=9))
        alike(
            summed.proportion(["online", "kind"], by, ci="korn-graubard"),
            whole.proportion(["online", "kind"], by, ci="korn-graubard"),
        )
    np.testing.assert_allclose(summed.mean("x", "age").cov, whole.mean("x", "age").cov, rtol=1e-10, atol=1e-15)


@pytest.mark.filterwarnings("ignore:rows with missing values")
@pytest.mark.parametrize("design", [{"strata": "h"}, {"strata": "h", "psu": "psu"}], ids=str)
def test_folder__of_a_subpopulation(design, tmp_path):
    table, where = made(), ["y >= 500", "sex=f", "x>1"]
    whole = ss.Survey(table, weight="w", **design)
    for text in where:
        whole = whole.where(text)
    summed = FolderSurvey(put(tmp_path / "in", table), weight="w", numbers="x", levels="age", where=where, **design)
    alike(summed.mean("x", by="age"), whole.mean("x", by="age"))


def test_folder__by_hand(tmp_path):
    """Four respondents of weight 10 with 1, 3, 2, 4 in two files: the mean 2.5 has variance s² / n = (5 / 3) / 4."""
    table = pd.DataFrame({"y": [1, 3, 2, 4], "w": 10.0})
    survey = FolderSurvey(put(tmp_path / "in", table, (0, 1, 4)), numbers="y", weight="w")
    row = survey.mean("y").table.iloc[0]
    assert (row["estimate"], row["df"], row["n"]) == (2.5, 3, 4)
    assert row["se"] == pytest.approx(np.sqrt(5 / 12), rel=1e-14)
    assert survey.total("y").table["se"][0] == pytest.approx(40 * np.sqrt(5 / 12), rel=1e-14)
    assert len(survey.sums.table) == 3  # the sum, and two nodes
    assert "4 rows of 2 parts in 3 sums" in repr(survey)
    assert FolderSurvey(tmp_path / "in", levels="y").proportion("y").table["n"].tolist() == [4] * 4  # weights of 1


def test_folder__far_from_zero_loses_no_digits(tmp_path):
    table = made().assign(y=lambda t: t["x"] * 1e-3 + 1e6)
    summed = FolderSurvey(put(tmp_path / "in", table), numbers=["y", "x"], weight="w")
    want = ss.Survey(table, weight="w").mean("y").table["se"][0]
    assert summed.mean("y").table["se"][0] == pytest.approx(want, rel=1e-6)  # y has 6 digits after those that all share


@pytest.mark.parametrize("psu", [None, "psu"])
def test_folder__of_lonely_strata(psu, tmp_path):
    table = made().assign(w=1.0)
    table.loc[0, ["h", "psu"]] = ["lonely", "lonely0"]
    folder = put(tmp_path / "in", table)
    for policy in ("fail", "certainty", "remove", "adjust", "average"):
        design = {"strata": "h", "psu": psu, "lonely_psu": policy, "weight": "w"}
        summed, whole = FolderSurvey(folder, numbers="x", **design), ss.Survey(table, **design)
        if policy == "fail" or (policy == "average" and psu is None):
            with pytest.raises(DesignError, match=r"one PSU|average"):
                summed.mean("x")
        else:
            alike(summed.mean("x"), whole.mean("x"))


def test_folder__refuses(tmp_path):
    folder = put(tmp_path / "in", made().assign(seven=7))
    for words, options in (
        ("no column 'nosuch'", {"numbers": "nosuch"}),
        ("no column 'nosuch'", {"weight": "nosuch"}),
        ("no column 'nosuch'", {"na": {"nosuch": {"9"}}}),
        ("is the weight", {"numbers": "w", "weight": "w"}),
        ("not numeric in", {"numbers": "h"}),
        ("infinite or negative", {"weight": "y", "numbers": "x"}),
        ("name columns", {"strata": np.arange(N)}),
        ("needs psu", {"fpc": ["f", "F"], "weight": "w"}),
        ("must be constant", {"fpc": "x", "weight": "w"}),
        (f"has {N} PSUs in the sample but", {"fpc": "seven", "weight": "w"}),
        ("PSU labels occur in more than one stratum", {"strata": "h", "psu": "town"}),
        ("progress", {"progress": 1}),
    ):
        with pytest.raises((DataError, DesignError), match=words):
            FolderSurvey(folder, **options)
    survey = FolderSurvey(folder, numbers="y", levels="h", weight="w")
    with pytest.raises(DataError, match="trim is for single rows"):
        survey.rake({"h": {"a": 1, "b": 1, "c": 1}}, trim=3)
    empty = tmp_path / "empty"
    empty.mkdir()
    made()[:0].to_parquet(empty / "none.parquet")
    with pytest.raises(DataError, match="there are no rows"):
        FolderSurvey(empty)


def test_folder__has_no_more_combinations_than_fit(tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "MOST_CELLS", 10)
    with pytest.raises(DataError, match=r"h × age .*more than 10 combinations"):
        FolderSurvey(put(tmp_path / "in", made()), levels=["h", "age", "town"])


def test_moments__of_batches_are_those_of_all_rows():
    rng = np.random.default_rng(4)
    y, w, cell = rng.normal(100, 1, (2, 500)), rng.gamma(1, size=500), rng.integers(0, 3, 500)
    w[:3] = 0
    moments = folders.Moments(2)
    for rows in np.split(np.arange(500), [1, 40, 300]):
        moments.add(cell[rows], 3, w[rows], y[:, rows], True)
    nodes, mass = moments.nodes()
    for k in range(3):
        at = cell == k
        want = np.einsum("i,ai,bi->ab", w[at] ** 2, y[:, at], y[:, at])
        np.testing.assert_allclose(np.einsum("j,ja,jb->ab", mass[k], nodes[k], nodes[k]), want, rtol=1e-13)
        np.testing.assert_allclose(mass[k] @ nodes[k], y[:, at] @ w[at] ** 2, rtol=1e-13)
        assert mass[k].sum() == pytest.approx(float((w[at] ** 2).sum()), rel=1e-13)


def test_dask__partitions_are_files(tmp_path):
    dd = pytest.importorskip("dask.dataframe")
    table = made().dropna()
    frame = dd.from_pandas(table, npartitions=3)
    design = {"strata": "h", "psu": "psu", "weight": "w"}
    found = FolderSurvey(frame, numbers="y", levels=["sex", "age", "h"], **design).rake(MARGINS)
    assert found.sums.parts == 3
    alike(found.mean("y", by="sex"), ss.Survey(table, **design).rake(MARGINS).mean("y", by="sex"))


ASKED = (
    "--mean",
    "y",
    "--ratio",
    "y/age",
    "--total",
    "age",
    "--proportion",
    "online",
    "--proportion",
    "h",
    "--by",
    "sex",
)


@pytest.mark.filterwarnings("ignore:rows with missing values")
@pytest.mark.parametrize(
    "more",
    [
        "",
        "--strata h --psu psu --rake m.csv",
        "--strata h*urban --rake m.csv --where age>=2 --where sex=m",
        "--psu psu --replicates jk1",
        "--na age=10 --percent",
    ],
)
def test_command__of_a_folder_says_what_it_says_of_a_file(more, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = made()
    put(tmp_path / "in", table)
    table.to_parquet("whole.parquet")
    pd.DataFrame([("h", k, v) for k, v in MARGINS["h"].items()], columns=["variable", "level", "total"]).to_csv(
        "m.csv", index=False
    )
    said = []
    for data in ("whole.parquet", "in"):
        asked = ["estimate", data, *ASKED, "--weight", "w", *more.split(), "--json"]
        result = CliRunner().invoke(main, asked)
        assert result.exit_code == 0, result.output
        said.append(pd.DataFrame(json.loads(result.stdout)))
    pd.testing.assert_frame_equal(said[1], said[0], rtol=1e-11, atol=1e-11)


def test_command__of_a_folder_refuses_what_needs_rows(tmp_path):
    folder = str(put(tmp_path / "in", made()))
    for words, more in (
        ("--quantile: is for a single file", ["--quantile", "y:0.5"]),
        ("--deff: is for a single file", ["--deff", "wr"]),
        ("--replicates: needs --psu", ["--replicates", "jk1"]),
        ("no column 'nosuch'", ["--by", "nosuch"]),
    ):
        result = CliRunner().invoke(main, ["estimate", folder, "--mean", "y", *more])
        assert result.exit_code == 2, result.output
        assert words in result.stderr


@pytest.mark.parametrize("design", [{}, {"strata": "h"}, {"strata": "h", "psu": "p"}], ids=str)
@pytest.mark.parametrize("missing", ["drop", "level"])
@pytest.mark.parametrize("by", [None, "g"])
def test_folder__raked_with_missing_levels(design, missing, by, tmp_path):
    """Without PSUs, second moments of dropped rows still counted: errors of twice to thrice the size, and the rows in the df."""
    r, n = np.random.default_rng(2), 60
    table = pd.DataFrame({"i": r.choice(["a", "b", "c"], n), "y": r.normal(50, 5, n), "g": r.choice(["u", "v"], n)})
    table = table.assign(w=r.uniform(1, 3, n), h=r.integers(0, 3, n))
    table = table.assign(p=table.h * 100 + r.integers(0, 5, n), i=table["i"].mask(r.random(n) < 0.4))
    put(tmp_path / "d", table, (0, 30, n))
    margins = {"i": {"a": 100, "b": 50, "c": 50}}
    want = ss.Survey(table, weight="w", **design).rake(margins, missing=missing).mean("y", by=by)
    found = FolderSurvey(tmp_path / "d", numbers="y", levels=["i", "g"], weight="w", **design)
    alike(found.rake(margins, missing=missing).mean("y", by=by), want)


@pytest.mark.filterwarnings("ignore:rows with missing values")
@pytest.mark.parametrize("code", [9, [9], (9.0,), {"9"}, "9"])
def test_folder__values_that_count_as_missing_are_numbers_or_texts(code, tmp_path):
    """[9] did nothing, without a word."""
    put(tmp_path / "d", pd.DataFrame({"i": [0, 1, 2, 3, 9, 9]}), (0, 3, 6))
    found = FolderSurvey(tmp_path / "d", numbers=["i"], na={"i": code}).mean("i").table.iloc[0]
    assert (found["estimate"], found["n"]) == (1.5, 4)


@pytest.mark.filterwarnings("ignore:rows with missing values")
def test_folder__raked_before_rows_are_chosen(tmp_path):
    """As the command does it; in Python it was refused with advice that nobody could follow."""
    table = made()
    put(tmp_path / "d", table)
    margins = {"h": MARGINS["h"]}
    found = FolderSurvey(tmp_path / "d", numbers="y", levels="h", weight="w", where="age>=2").rake(margins).mean("y")
    alike(found, ss.Survey(table, weight="w").rake(margins).where("age>=2").mean("y"))


@pytest.mark.parametrize("given", [None, pd.DataFrame({"y": [1.0]}), 3])
def test_folder__is_asked_of_no_table(given):
    with pytest.raises(DataError, match="is no folder of Parquet files"):
        FolderSurvey(given, numbers="y")


def test_folder__weights_are_a_column(tmp_path):
    put(tmp_path / "d", pd.DataFrame({"y": [1.0, 2.0]}), (0, 2))
    with pytest.raises(DataError, match="name a column of the files"):
        FolderSurvey(tmp_path / "d", numbers="y", weight=pd.Series([1.0, 2.0]))
