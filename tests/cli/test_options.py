"""What one command on survey files can be told, the others can be told too."""

import json
import warnings

import numpy as np
import openpyxl
import pandas as pd
import pyreadstat
import pytest
from click.testing import CliRunner

import surveysim as ss
from surveysim import files
from surveysim.cli import main
from surveysim.cli.options import RAKING, READING

N = 240


def surveysim(*arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        return CliRunner().invoke(main, [str(a) for a in arguments])


def estimates(*arguments):
    found = surveysim("estimate", *arguments, "--json")
    assert found.exit_code == 0, found.stderr or found.exception
    return pd.DataFrame(json.loads(found.stdout))


def table():
    rng = np.random.default_rng(11)
    return pd.DataFrame(
        {
            "sex": np.tile([1, 2], N // 2),
            "educ": rng.choice([1, 2, 3, 9], N, p=[0.3, 0.4, 0.25, 0.05]),
            "region": np.repeat(["north", "south", "west"], N // 3),
            "urban": rng.choice(["town", "land"], N),
            "w": rng.lognormal(0, 0.8, N).round(4),
            "y": rng.normal(5, 1, N).round(3),
        }
    )


MARGINS = "variable,level,percent\nsex,1,49\nsex,2,51\neduc,1,30\neduc,2,40\neduc,3,30\n"


@pytest.fixture
def data(tmp_path):
    table().to_csv(tmp_path / "d.csv", index=False)
    (tmp_path / "m.csv").write_text(MARGINS, encoding="utf-8")
    return tmp_path / "d.csv"


@pytest.mark.parametrize("command", [("weights", "rake"), ("weights", "diagnose"), ("estimate",)])
def test_options__are_the_same_everywhere(command):
    found = surveysim(*command, "--help").stdout
    names = [decorate(lambda: None).__click_params__[0].opts[0] for decorate in (*RAKING, *READING)]
    assert {"--missing", "--trim", "--bounds", "--rescale", "--tol", "--na", "--encoding", "--sheet"} <= set(names)
    for name in (*names, "--weight", "--by"):
        assert name in found, name


def test_estimate__follows_everything_that_rake_can_do(data, tmp_path):
    options = ["--weight", "w", "--na", "educ=9", "--missing", "level", "--trim", "0.1", "2.5", "--tol", "1e-10"]
    found = surveysim("weights", "rake", data, "--margins", tmp_path / "m.csv", *options, "-o", tmp_path / "r.csv")
    assert found.exit_code == 0, found.stderr
    weight = files.read(tmp_path / "r.csv").numbers("raked_weight")
    assert weight.max() <= 2.5 * weight.mean() * (1 + 1e-6)
    got = estimates(data, "--rake", tmp_path / "m.csv", *options, "--mean", "y").iloc[0]
    assert got["estimate"] == pytest.approx(np.average(table()["y"], weights=weight), rel=1e-8)
    python = table().assign(educ=table()["educ"].where(table()["educ"] != 9))
    margins = {"sex": {1: 49, 2: 51}, "educ": {1: 30, 2: 40, 3: 30}}
    want = ss.Survey(python, weight="w").rake(margins, missing="level", trim=(0.1, 2.5)).mean("y").table.iloc[0]
    assert got["se"] == pytest.approx(want["se"], rel=1e-8)
    told = surveysim("weights", "diagnose", tmp_path / "r.csv", "--weight", "raked_weight", "--base", "w",
                     "--margins", tmp_path / "m.csv", *options[2:], "--bounds", "0.9", "1.1", "--json")  # fmt: skip
    facts = json.loads(told.stdout)
    assert facts["outside_trim"] == 0
    base = table()["w"].to_numpy()
    assert facts["outside_bounds"] == ((weight / base < 0.9) | (weight / base > 1.1)).sum()


def test_estimate__bounds(data, tmp_path):
    options = ["--weight", "w", "--na", "educ=9", "--missing", "drop", "--bounds", "0.7", "1.6"]
    got = estimates(data, "--rake", tmp_path / "m.csv", *options, "--mean", "y").iloc[0]
    python = table().assign(educ=table()["educ"].where(table()["educ"] != 9))
    margins = {"sex": {1: 49, 2: 51}, "educ": {1: 30, 2: 40, 3: 30}}
    want = ss.Survey(python, weight="w").rake(margins, missing="drop", bounds=(0.7, 1.6)).mean("y").table.iloc[0]
    assert got["estimate"] == pytest.approx(want["estimate"], rel=1e-8)
    assert got["se"] == pytest.approx(want["se"], rel=1e-8)


@pytest.mark.parametrize("option", [("--trim", "0.1", "3"), ("--population", "10"), ("--missing", "drop")])
def test_estimate__what_would_do_nothing_is_refused(option, data):
    found = surveysim("estimate", data, "--mean", "y", "--weight", "w", *option)
    assert found.exit_code == 2
    assert f"{option[0]}: without --rake" in found.stderr


def test_na__codes_are_missing_and_are_written_back(data, tmp_path):
    found = surveysim(
        "weights", "rake", data, "--margins", tmp_path / "m.csv", "-o", tmp_path / "o.csv", "--na", "educ=9"
    )
    assert found.exit_code == 2
    assert f"'educ' is missing in {(table()['educ'] == 9).sum()} rows" in found.stderr
    options = ["--na", "educ=9,99", "--missing", "level"]
    assert (
        surveysim(
            "weights", "rake", data, "--margins", tmp_path / "m.csv", "-o", tmp_path / "o.csv", *options
        ).exit_code
        == 0
    )
    assert pd.read_csv(tmp_path / "o.csv")["educ"].tolist() == table()["educ"].tolist()
    shares = estimates(data, "--proportion", "educ", "--na", "educ=9")
    assert shares["level"].tolist() == ["1", "2", "3"]
    assert shares["n"].iloc[0] == (table()["educ"] != 9).sum()


def test_na__labels_of_a_labelled_file_and_their_codes(tmp_path):
    frame = table()[["educ", "y"]].astype(float)
    labels = {"educ": {1.0: "low", 2.0: "mid", 3.0: "high", 9.0: "refused"}}
    pyreadstat.write_sav(frame, str(tmp_path / "s.sav"), variable_value_labels=labels)
    for given in ("educ=refused", "educ=9"):
        assert estimates(tmp_path / "s.sav", "--proportion", "educ", "--na", given)["level"].tolist() == [
            "low",
            "mid",
            "high",
        ]
    assert surveysim(
        "weights", "rake", tmp_path / "s.sav", "--margins", tmp_path / "m.csv", "-o", tmp_path / "o.sav"
    ).exit_code


def test_na__a_code_that_nobody_has_is_said(data):
    found = surveysim("estimate", data, "--mean", "y", "--na", "educ=77")
    assert found.exit_code == 0
    assert "no row has educ = 77" in found.stderr
    assert surveysim("estimate", data, "--mean", "y", "--na", "educ").exit_code == 2
    assert "did you mean 'educ'" in surveysim("estimate", data, "--mean", "y", "--na", "edu=9").stderr


def test_by__partitions_of_the_margins_file_are_raked_apart(data, tmp_path):
    rows = [
        f"{r},sex,{k},{p}" for r, a in (("north", 30), ("south", 50), ("west", 60)) for k, p in ((1, a), (2, 100 - a))
    ]
    (tmp_path / "m.csv").write_text("region,variable,level,percent\n" + "\n".join(rows) + "\n", encoding="utf-8")
    got = estimates(data, "--weight", "w", "--rake", tmp_path / "m.csv", "--by", "region", "--proportion", "sex")
    assert got["estimate"].round(9).tolist() == [0.3, 0.5, 0.6, 0.7, 0.5, 0.4]
    everybody = estimates(data, "--weight", "w", "--rake", tmp_path / "m.csv", "--rake-by", "region", "--mean", "y")
    margins = {r: {"sex": {1: a, 2: 100 - a}} for r, a in (("north", 30), ("south", 50), ("west", 60))}
    want = ss.Survey(table(), weight="w").rake(margins, by="region").mean("y").table.iloc[0]
    assert everybody["se"][0] == pytest.approx(want["se"], rel=1e-8)


def test_strata__of_several_columns(data):
    joined = table().assign(h=table()["region"] + table()["urban"])
    want = ss.Survey(joined, weight="w", strata="h").mean("y").table["se"][0]
    assert ss.Survey(table(), weight="w", strata=[("region", "urban")]).mean("y").table["se"][0] == pytest.approx(want)
    assert estimates(data, "--weight", "w", "--strata", "region*urban", "--mean", "y")["se"][0] == pytest.approx(want)
    found = surveysim("estimate", data, "--weight", "w", "--strata", "region,urban", "--mean", "y", "--json")
    assert json.loads(found.stdout)[0]["se"] == pytest.approx(want)
    assert "combinations of 'region' and 'urban'" in found.stderr
    with pytest.raises(ss.DesignError, match="give a tuple"):
        ss.Survey(table(), weight="w", strata=["region", "urban"])


def test_estimate__a_raked_weight_is_known_again(data, tmp_path):
    rake = ["weights", "rake", data, "--margins", tmp_path / "m.csv", "--na", "educ=9", "--missing", "level"]
    surveysim(*rake, "-o", tmp_path / "o.csv")
    surveysim(*rake, "-o", tmp_path / "o.sav", "--name", "final")
    for path, name in ((tmp_path / "o.csv", "raked_weight"), (tmp_path / "o.sav", "final")):
        found = surveysim("estimate", path, "--weight", name, "--mean", "y")
        assert found.exit_code == 0
        assert "errors ignore the raking" in found.stderr
    assert "ignore" not in surveysim("estimate", data, "--weight", "w", "--mean", "y").stderr
    for path, name, told in (("p.csv", "final", True), ("p.xlsx", "final", True), ("p.csv", "w_raked", False)):
        assert ("tells `surveysim estimate`" in surveysim(*rake, "-o", tmp_path / path, "--name", name).stderr) == told


def test_percent__proportions_in_percent_and_nothing_else(data):
    share = estimates(data, "--weight", "w", "--proportion", "sex", "--mean", "y")
    percent = estimates(data, "--weight", "w", "--proportion", "sex", "--mean", "y", "--percent")
    numbers = ["estimate", "se", "lower", "upper", "moe"]
    at = share["statistic"] == "proportion"
    np.testing.assert_allclose(percent.loc[at, numbers], 100 * share.loc[at, numbers])
    np.testing.assert_allclose(percent.loc[~at, numbers], share.loc[~at, numbers])
    assert percent["statistic"].tolist() == ["mean", "percent", "percent"]


def test_names__with_commas_stars_and_signs(tmp_path):
    frame = pd.DataFrame(
        {"Region, state": list("AB") * 20, "Q1*": list("ABBB") * 10, "a=b": [1, 2] * 20, "x:y/z": range(40)}
    )
    frame.to_csv(tmp_path / "g.csv", index=False)
    (tmp_path / "m.csv").write_text(
        'variable,level,percent\nQ1*,A,40\nQ1*,B,60\n"""Region, state""*Q1*",A*A,40\n"Region, state*Q1*",A*B,10\n'
        '"Region, state*Q1*",B*B,50\n'.replace('"""Region, state""*Q1*"', '"Region, state*Q1*"'),
        encoding="utf-8",
    )
    data = tmp_path / "g.csv"
    one = estimates(data, "--mean", "x:y/z", "--by", "Region, state")
    assert one["domain"].tolist() == ["Region, state=A", "Region, state=B"]
    for by in ("Region, state,Q1*", '"Region, state",Q1*', '"Region, state","Q1*"'):
        assert estimates(data, "--mean", "x:y/z", "--by", by)["domain"].iloc[0] == "Region, state=A, Q1*=A"
    assert estimates(data, "--quantile", "x:y/z:0.5", "--ratio", "x:y/z/a=b")["statistic"].tolist() == [
        "ratio",
        "quantile",
    ]
    assert estimates(data, "--mean", "x:y/z", "--where", "a=b=1")["n"][0] == 20
    assert estimates(data, "--mean", "x:y/z", "--where", '"a=b"!=1')["n"][0] == 20
    assert estimates(data, "--mean", "x:y/z", "--strata", "Region, state*Q1*")["df"][0] == 40 - 3
    found = surveysim(
        "weights", "rake", data, "--margins", tmp_path / "m.csv", "-o", tmp_path / "o.csv", "--rescale", "Q1*"
    )
    assert found.exit_code == 0, found.stderr
    w = pd.read_csv(tmp_path / "o.csv").groupby(["Region, state", "Q1*"])["raked_weight"].sum()
    np.testing.assert_allclose(w / w.sum(), [0.4, 0.1, 0.5], rtol=1e-8)


def test_names__that_can_be_read_in_two_ways_are_refused(tmp_path):
    pd.DataFrame({"a,b": [1, 2] * 9, "a": [1, 2] * 9, "b": [3, 4] * 9}).to_csv(tmp_path / "g.csv", index=False)
    found = surveysim("estimate", tmp_path / "g.csv", "--mean", "b", "--by", "a,b")
    assert found.exit_code == 2
    assert "can be read as 'a,b' or as 'a' and 'b'" in found.stderr
    assert estimates(tmp_path / "g.csv", "--mean", "b", "--by", '"a,b"')["domain"][0] == "a,b=1"
    assert estimates(tmp_path / "g.csv", "--mean", "b", "--by", '"a","b"')["domain"][0] == "a=1, b=3"


@pytest.mark.parametrize("name", ["cp1252", "WINDOWS-1252", "latin-1"])
@pytest.mark.parametrize("kind", ["sav", "dta"])
def test_encoding__of_labelled_files(kind, name, tmp_path):
    path = tmp_path / f"e.{kind}"
    write = pyreadstat.write_sav if kind == "sav" else pyreadstat.write_dta
    write(pd.DataFrame({"sex": [1.0, 2.0] * 10, "t": ["abcQQdef"] * 20}), str(path))
    path.write_bytes(path.read_bytes().replace(b"abcQQdef", b"abc\xe9\xe8def"))
    assert surveysim("estimate", path, "--proportion", "sex").exit_code == 2
    assert estimates(path, "--proportion", "t", "--encoding", name)["level"][0] == "abcéèdef"
    assert files.read(path, encoding=name).write(tmp_path / f"o.{kind}", {}).is_file()
    assert files.read(tmp_path / f"o.{kind}").text("t")[0] == "abcéèdef"
    assert "no encoding 'nonsense'" in surveysim("estimate", path, "--mean", "sex", "--encoding", "nonsense").stderr


def test_rows__are_counted_from_one(tmp_path):
    frame = table()[["sex", "region", "w", "y"]]
    frame.assign(w=frame["w"].where(np.arange(N) != 4, -1.0)).to_csv(tmp_path / "negative.csv", index=False)
    frame.assign(region=frame["region"].where(np.arange(N) != 4)).to_csv(tmp_path / "missing.csv", index=False)
    (tmp_path / "m.csv").write_text(
        "variable,level,percent\nregion,north,50\nregion,south,20\nregion,west,30\n", encoding="utf-8"
    )
    rake = ["--margins", tmp_path / "m.csv", "-o", tmp_path / "o.csv"]
    for arguments in (
        ["estimate", tmp_path / "negative.csv", "--weight", "w", "--mean", "y"],
        ["weights", "diagnose", tmp_path / "negative.csv", "--weight", "w"],
        ["estimate", tmp_path / "missing.csv", "--strata", "region", "--mean", "y"],
        ["weights", "rake", tmp_path / "missing.csv", *rake],
    ):
        found = surveysim(*arguments)
        assert found.exit_code == 2
        assert "data row 5" in found.stderr, found.stderr
        assert " row 4" not in found.stderr
    frame.assign(w=frame["w"].where(np.arange(N) != 4, 1e6)).to_csv(tmp_path / "heavy.csv", index=False)
    assert "(data row 5)" in surveysim("weights", "rake", tmp_path / "heavy.csv", *rake, "--weight", "w").stderr


IDLE = {
    "--ci": ["--mean", "y", "--ci", "wald"],
    "--percent": ["--mean", "y", "--percent"],
    "--mse": ["--mean", "y", "--mse"],
    "--rho": ["--mean", "y", "--replicates", "rao-wu", "--n", "5", "--rho", "0.5"],
    "--seed": ["--mean", "y", "--replicates", "jk1", "--seed", "5"],
    "--n": ["--mean", "y", "--n", "7"],
    "--sheet": ["--mean", "y", "--sheet", "nowhere"],
    "--lonely-psu": ["--mean", "y", "--lonely-psu", "adjust"],
    "--nest": ["--mean", "y", "--nest", "--psu", "region"],
    "--deff": ["--quantile", "y:0.5", "--deff", "wr"],
    "--rake-by": ["--mean", "y", "--rake-by", "region"],
}


@pytest.mark.parametrize("option", IDLE)
def test_estimate__refuses_options_that_would_do_nothing(data, option):
    found = surveysim("estimate", data, *IDLE[option])
    assert found.exit_code == 2
    assert f"{option}: " in found.stderr


@pytest.mark.parametrize(
    ("command", "kind", "option"),
    [
        (["estimate", "--mean", "y"], ".parquet", ["--header-row", "3"]),
        (["estimate", "--mean", "y"], ".sav", ["--header-row", "3"]),
        (["estimate", "--mean", "y"], ".parquet", ["--encoding", "gb18030"]),
        (["estimate", "--mean", "y"], ".xlsx", ["--encoding", "gb18030"]),
        (["weights", "diagnose", "--weight", "w"], ".csv", ["--population", "100"]),
        (["weights", "diagnose", "--weight", "w"], ".csv", ["--rescale", "sex"]),
        (["weights", "diagnose", "--weight", "w"], ".csv", ["--missing", "drop"]),
        (["weights", "diagnose", "--weight", "w"], ".csv", ["--by", "region"]),
        (["plan", "allocate", "--n", "10"], ".csv", ["--power", "0.3"]),
    ],
)
def test_commands__refuse_options_that_would_do_nothing(tmp_path, command, kind, option):
    files.write_table(table(), tmp_path / f"d{kind}")
    found = surveysim(*command, tmp_path / f"d{kind}", *option)
    assert found.exit_code == 2
    assert f"{option[0]}: " in found.stderr


def test_estimate__refuses_an_interval_that_does_not_exist(data):
    for what in ("--mean", "--proportion"):
        found = surveysim("estimate", data, what, "sex", "--ci", "bogus")
        assert found.exit_code == 2
        assert "--ci 'bogus': give one of wald, " in found.stderr


def test_estimate__takes_the_same_options_where_they_do_something(data):
    for more in (["--replicates", "jk1", "--mse"], ["--replicates", "rao-wu", "--n", "5", "--seed", "3"]):
        assert surveysim("estimate", data, "--mean", "y", *more).exit_code == 0
    assert surveysim("estimate", data, "--proportion", "sex", "--ci", "wilson", "--percent").exit_code == 0


@pytest.mark.parametrize("encoding", ["cp1252", "gb18030", "utf-8", "utf-8-sig"])
def test_weights_rake__says_that_the_text_is_utf8_now_and_keeps_its_mark(tmp_path, encoding):
    (tmp_path / "d.csv").write_text("sex,town\nm,Orléans\nf,Paris\n", encoding=encoding)
    (tmp_path / "m.csv").write_text("variable,level,percent\nsex,m,40\nsex,f,60\n", encoding="utf-8")
    given = [] if encoding.startswith("utf") else ["--encoding", encoding]
    found = surveysim("weights", "rake", tmp_path / "d.csv", "--margins", tmp_path / "m.csv", "-o", tmp_path / "o.csv", *given)  # fmt: skip
    said = str(found.stderr) + found.output
    assert found.exit_code == 0
    assert (f"the text is UTF-8 now, and was read as {encoding}" in said) == bool(given)
    written = (tmp_path / "o.csv").read_bytes()
    assert written.startswith(b"\xef\xbb\xbf") == (encoding == "utf-8-sig")
    assert "m,Orléans,".encode() in written


@pytest.fixture
def signs(tmp_path):
    (tmp_path / "s.csv").write_text("t,y\n+1,1\n=x,2\n+1,3\n=x,4\n", encoding="utf-8")
    (tmp_path / "sm.csv").write_text("variable,level,percent\nt,+1,40\nt,=x,60\n", encoding="utf-8")
    return tmp_path


def test_estimates__in_excel_are_text_as_it_is(signs):
    found = surveysim("estimate", signs / "s.csv", "--proportion", "t", "-o", signs / "e.xlsx")
    assert found.exit_code == 0
    assert "apostrophe" not in found.stderr
    sheet = openpyxl.load_workbook(signs / "e.xlsx").active
    cells = next(column for column in sheet.iter_cols() if column[0].value == "level")
    assert [(c.value, c.data_type) for c in cells[1:]] == [("+1", "s"), ("=x", "s")]


def test_tables_of_ours__say_where_text_got_an_apostrophe(signs):
    found = surveysim("estimate", signs / "s.csv", "--proportion", "t", "-o", signs / "e.csv")
    assert "apostrophe in front (level" in found.stderr
    assert pd.read_csv(signs / "e.csv")["level"].tolist() == ["'+1", "'=x"]
    found = surveysim("weights", "rake", signs / "s.csv", "--margins", signs / "sm.csv", "-o", signs / "o.csv",
                      "--diagnostics", signs / "d.csv")  # fmt: skip
    assert "d.csv: text that begins like a formula has an apostrophe in front (level)" in found.stderr


def test_weights__are_called_by_their_own_name(tmp_path):
    (tmp_path / "d.csv").write_text("sex,w\nm,1\nf,\nm,2\nf,1\n", encoding="utf-8")
    (tmp_path / "m.csv").write_text("variable,level,percent\nsex,m,40\nsex,f,60\n", encoding="utf-8")
    for command in (["rake", "-o", tmp_path / "o.csv"], ["diagnose"]):
        margins, out = tmp_path / "m.csv", command[1:]
        found = surveysim("weights", command[0], tmp_path / "d.csv", "--margins", margins, "--weight", "w", *out)
        assert "weight 'w': 1 of 4 weights are missing" in found.stderr


@pytest.mark.parametrize("number", ["nan", "inf"])
def test_population__is_a_finite_number(data, tmp_path, number):
    margins, out = tmp_path / "m.csv", tmp_path / "o.csv"
    found = surveysim("weights", "rake", data, "--margins", margins, "--population", number, "-o", out)
    assert found.exit_code == 2
    assert f"'--population': '{number}' is no finite number" in found.stderr


def test_margins__an_empty_number_is_named_by_its_row_and_column(data, tmp_path):
    (tmp_path / "e.csv").write_text("variable,level,percent\nsex,1,\nsex,2,100\n", encoding="utf-8")
    found = surveysim("weights", "rake", data, "--margins", tmp_path / "e.csv", "-o", tmp_path / "o.csv")
    assert "e.csv: data row 1 has an empty cell (percent)" in found.stderr


def test_json__has_every_digit(tmp_path):
    """Numbers near 1e-12 are no zeros."""
    y = np.random.default_rng(1).normal(5e-12, 1e-12, 100)
    pd.DataFrame({"y": y}).to_csv(tmp_path / "a.csv", index=False)
    done = CliRunner().invoke(main, ["estimate", str(tmp_path / "a.csv"), "--mean", "y", "--json"])
    (row,) = json.loads(done.output)
    assert row["estimate"] == pytest.approx(y.mean(), rel=1e-12)
    assert row["se"] == pytest.approx(y.std(ddof=1) / 10, rel=1e-12)


@pytest.mark.parametrize(
    "more", [["--strata", "s"], ["--psu", "u"], ["--fpc", "N"], ["--psu", "u", "--lonely-psu", "remove"]]
)
def test_design_beside_replicate_weights__is_refused(more, tmp_path):
    """The replicates that came with a file are its design; a census's fpc beside them would be believed to count."""
    rng = np.random.default_rng(2)
    data = pd.DataFrame({"y": rng.normal(size=20), "s": list("ab") * 10, "u": range(20), "N": 20, "w": 1.0})
    data = data.assign(**{f"r{k}": rng.multinomial(20, np.ones(20) / 20) for k in range(8)})
    data.to_csv(tmp_path / "a.csv", index=False)
    command = [
        "estimate",
        str(tmp_path / "a.csv"),
        "--weight",
        "w",
        "--replicate-weights",
        "r*",
        "--replicate-kind",
        "bootstrap",
    ]
    assert CliRunner().invoke(main, [*command, "--mean", "y"]).exit_code == 0
    done = CliRunner().invoke(main, [*command, "--mean", "y", *more])
    assert done.exit_code == 2
    assert more[0] in done.output
    assert "replicates" in done.output


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--by", ""], "no column ''"),
        (["--by", "s,s"], "names 's' twice"),
        (["--level", "0.95%"], "is 0.95 %; give at least 50 %"),
        (["--by", "empty"], "20 rows of weight have no empty"),
    ],
)
def test_what_was_hardly_meant__is_refused(more, said, tmp_path):
    data = pd.DataFrame({"y": range(20), "s": list("ab") * 10, "empty": [""] * 20})
    data.to_csv(tmp_path / "a.csv", index=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ss.SurveysimWarning)
        done = CliRunner().invoke(main, ["estimate", str(tmp_path / "a.csv"), "--mean", "y", *more])
    assert done.exit_code == 2, done.output
    assert said in done.output


def test_names_of_a_margins_file__in_capitals_are_hinted(tmp_path):
    pd.DataFrame({"y": range(4), "s": list("abab")}).to_csv(tmp_path / "a.csv", index=False)
    (tmp_path / "m.csv").write_text("Variable,Level,Percent\ns,a,50\ns,b,50\n")
    command = [
        "weights",
        "rake",
        str(tmp_path / "a.csv"),
        "--margins",
        str(tmp_path / "m.csv"),
        "-o",
        str(tmp_path / "o.csv"),
    ]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 2
    assert "it has 'Variable'" in done.output
