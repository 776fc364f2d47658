"""What an error statement implies, the margins behind it, and what can be told from zero."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import surveysim as ss
from surveysim import audit
from surveysim.cli import main
from surveysim.errors import DataError
from surveysim.estimation.intervals import METHODS


def test_statement__the_reports_numbers():
    """DESIGN: 22,047 at p = 0.5 (22,048 with z = 1.96), 14,834 at 78.6 %."""
    table = ss.error_statement(moe=0.0066, p=[0.5, 0.786]).set_index(["p", "method"])["n"]
    assert table[0.5, "wald"] == 22047 == ss.sample_size()
    assert table[0.5, "wald, z = 1.96"] == 22048
    assert table[0.786, "wald"] == 14834
    assert set(table[0.5].index) == {*METHODS, "wald, z = 1.96"}


@pytest.mark.parametrize("p", [0.02, 0.5, 0.786])
@pytest.mark.parametrize("deff", [1.0, 1.58])
def test_statement__each_of_the_three_follows_from_the_others(p, deff):
    """The n that a margin implies has that margin, one interview fewer has a larger one; moe and n give the deff back."""
    for row in ss.error_statement(moe=0.01, deff=deff, p=p).itertuples():
        if row.method not in METHODS:
            continue
        for n, wide in ((row.n, False), (row.n - 1, True)):
            again = ss.error_statement(n=n, deff=deff, p=p).set_index("method").loc[row.method]
            assert (again["moe"] > 0.01) == wide
            lower, upper = ss.proportion_interval(p, np.sqrt(deff * p * (1 - p) / n), row.method, n=n)
            assert again["moe"] == pytest.approx(max(p - lower, upper - p), rel=1e-12)
        implied = ss.error_statement(n=row.n, moe=again["moe"], p=p).set_index("method").loc[row.method, "deff"]
        assert implied == pytest.approx(deff * row.n / (row.n - 1), rel=0.01)


def test_statement__finite_population_and_degrees_of_freedom():
    table = ss.error_statement(moe=0.01, population=20_000).set_index("method")
    assert table.loc["wald", "n"] == ss.sample_size(0.01, population=20_000)
    back = ss.error_statement(n=table.loc["wald", "n"], population=20_000).set_index("method")
    assert back.loc["wald", "moe"] == pytest.approx(ss.margin_of_error(table.loc["wald", "n"], population=20_000))
    few = ss.error_statement(n=1000, df=10).set_index("method")
    assert few.loc["wald", "moe"] == pytest.approx(2.2281388519649385 * np.sqrt(0.25 / 1000))


def test_statement__korn_and_graubard_never_profit_from_a_small_deff():
    moe = ss.error_statement(n=1000).set_index("method").loc["korn-graubard", "moe"]
    table = ss.error_statement(n=1000, moe=0.9 * moe).set_index("method")
    assert np.isnan(table.loc["korn-graubard", "deff"])
    assert table.loc["wald", "deff"] < 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "given: nothing"),
        ({"deff": 2}, "given: deff"),
        ({"moe": 0.01, "n": 100, "deff": 1}, "given: moe, n, deff"),
        ({"moe": 0.66}, "moe = 0.66"),
        ({"n": 100, "p": 1.0}, "p = 1.0"),
        ({"n": 100, "population": 50}, "census"),
        ({"n": "many"}, "n = 'many'"),
    ],
)
def test_statement__refuses(given, words):
    with pytest.raises(DataError, match=words):
        ss.error_statement(**given)


@pytest.fixture(scope="module")
def margins():
    return ss.published_margins()


def test_margins__a_row_for_every_published_estimate(margins):
    assert len(margins) == 121
    assert (margins["moe"].isna() == (margins["note"] != "")).all()
    assert margins["moe"].notna().sum() == 113
    table = margins.set_index("indicator_id")
    assert table.loc["elder_mode_use_60plus", "moe"] > 0.66 * 2.5  # among netizens aged 60+
    assert table.loc["im_app_hourly_share_09_19", "note"] == "not an estimate of this survey"


def test_margins__by_hand(margins):
    """Ride hailing is 48.7 % of the netizens, who are 86.8 % of the people aged 6+ with a telephone: 19,132 respondents."""
    row = margins.set_index("indicator_id").loc["app_ride_hailing_rate"]
    assert row["respondents"] == pytest.approx(19132, rel=1e-3)
    assert row["moe"] == pytest.approx(100 * 1.959964 * np.sqrt(0.487 * 0.513 / row["respondents"]), rel=1e-3)
    doubled = ss.published_margins(2 * 22047, 2.0).set_index("indicator_id")["moe"]
    np.testing.assert_allclose(doubled, margins.set_index("indicator_id")["moe"], rtol=1e-12)


@pytest.mark.statistical
def test_margins__simple_random_samples_have_these_errors():
    """2,000 samples of 1,000 of the covered people of a small population: their spread is the formula's, within 4 Monte Carlo errors."""
    names = ["internet_penetration", "app_ride_hailing_size", "app_ride_hailing_rate", "internet_penetration_60plus"]
    names += ["non_netizens_rural_share", "non_netizens_size", "weekly_hours_online", "genai_purpose_office"]
    spec = ss.SurveySpec.preset("cnnic-2024-12", population={"scale": 0.0005}, estimation={"indicators": names})
    pop = ss.Population.china(**spec.population.model_dump())
    columns = [
        "age",
        "urban",
        "n_mobile",
        "n_lines",
        "internet",
        "app_ride_hailing",
        "weekly_hours",
        "genai_user",
        "genai_purpose_office",
    ]
    people = pop.persons(np.arange(pop.size), columns)
    total = {"all": len(people), "rural": (people["urban"] == "rural").sum(), "old": (people["age"] >= 60).sum()}
    people = people[(people["age"] >= 6) & ((people["n_mobile"] > 0) | (people["n_lines"] > 0))].fillna(
        {"weekly_hours": 0}
    )
    y = {
        c: people[c].to_numpy(dtype=float)
        for c in ("internet", "app_ride_hailing", "weekly_hours", "genai_user", "genai_purpose_office")
    }
    rural, old = (people["urban"] == "rural").to_numpy(), (people["age"] >= 60).to_numpy()
    rng, n, found = np.random.default_rng(4), 1000, []
    for _ in range(2000):
        s = rng.integers(0, len(people), n)
        w = len(people) / n
        users, mine = w * y["internet"][s].sum(), w * (y["internet"] * rural)[s].sum()
        found.append(
            [
                100 * users / total["all"],
                w * y["app_ride_hailing"][s].sum() / pop.scale / 1e4,
                100 * y["app_ride_hailing"][s].sum() / y["internet"][s].sum(),
                100 * w * (y["internet"] * old)[s].sum() / total["old"],
                100 * (total["rural"] - mine) / (total["all"] - users),
                (total["all"] - users) / pop.scale / 1e4,
                y["weekly_hours"][s].sum() / y["internet"][s].sum(),
                100 * y["genai_purpose_office"][s].sum() / y["genai_user"][s].sum(),
            ]
        )
    table = audit.standard_errors(spec, n).loc[names]
    found = np.array(found)
    np.testing.assert_allclose(
        found.mean(axis=0), table["value"], atol=4 * found.std(axis=0).max() / np.sqrt(2000) + 0.2, rtol=2e-3
    )
    np.testing.assert_allclose(found.std(axis=0, ddof=1) / table["se"], 1, atol=4 / np.sqrt(2 * 2000) + 0.01)


def test_margins__monte_carlo_part():
    spec = ss.SurveySpec.preset(
        "cnnic-2024-12",
        population={"scale": 0.01},
        estimation={"indicators": ["internet_penetration", "app_ride_hailing_rate"]},
    )
    ticks = []
    table = ss.published_margins(repetitions=20, spec=spec, progress=ticks.append).set_index("indicator_id")
    row = table.loc["internet_penetration"]
    assert sum(ticks) == 20
    assert row["design_mcse"] == pytest.approx(row["design_moe"] / np.sqrt(2 * 19), rel=1e-6)
    assert table["design_moe"].notna().sum() == 2


@pytest.fixture(scope="module")
def changes():
    return ss.published_changes().set_index("indicator_id")


def test_changes__verdicts_under_stated_errors(margins, changes):
    table = changes
    assert len(table) == 47
    row = table.loc["internet_penetration"]
    assert row["change"] == pytest.approx(1.1)
    assert row["moe_stated"] == pytest.approx(0.66 * np.sqrt(2))
    assert table.loc["app_short_video_rate", "verdict_simple"] == "yes"
    assert table.loc["app_ride_hailing_rate", "verdict_simple"] == "no"
    assert (table["holm_simple"] >= table["p_simple"]).all()
    assert "micro-dramas" in table.loc["app_online_video_rate", "note"]
    assert "design" not in "".join(table.columns)
    given = margins.assign(design_se=margins["moe"] / 1.959963984540054)
    same = ss.published_changes(margins=given).set_index("indicator_id")
    np.testing.assert_allclose(same["moe_design"], same["moe_simple"])


def test_changes__the_level_does_not_change_p_values(margins, changes):
    a, b = changes, ss.published_changes(level=0.99).set_index("indicator_id")
    for name in ("stated", "simple"):
        np.testing.assert_allclose(a[f"p_{name}"], b[f"p_{name}"])
    wide = ss.published_margins(level=0.99).set_index("indicator_id")["ratio"]
    np.testing.assert_allclose(wide, margins.set_index("indicator_id")["ratio"])


def test_changes__netizens_and_non_netizens_are_one_change(changes):
    a, b = (changes.loc[name] for name in ("netizens_size", "non_netizens_size"))
    assert a["change"] == -b["change"]
    assert a["moe_simple"] == pytest.approx(
        b["moe_simple"], rel=3e-3
    )  # the report rounds non-netizens to 3.01 hundred million


def test_changes__rounding_of_what_was_printed(changes):
    table = changes["rounding"]
    assert table["internet_penetration"] == 0.05  # the change itself is printed
    assert table["app_ride_hailing_rate"] == 0.1  # two figures are
    assert table["netizens_size"] == table["app_online_government_size"] == 0.5
    assert table["app_online_news_size"] == 50.5


def test_changes__correlation_takes_error_away(changes):
    apart, together = changes, ss.published_changes(correlation=0.5).set_index("indicator_id")
    np.testing.assert_allclose(together["moe_stated"], apart["moe_stated"] / np.sqrt(2))
    with pytest.raises(DataError, match="correlation = 1"):
        ss.published_changes(correlation=1)


def test_holm__hand_worked():
    """Holm (1979): 0.01 × 3, then 0.02 × 2 and 0.03 × 1, never below the one before; another family apart."""
    p = pd.Series([0.03, 0.01, 0.02, 0.04], index=list("abcd"))
    adjusted = audit._holm(p, pd.Series(["x", "x", "x", "y"], index=p.index))
    assert adjusted.tolist() == pytest.approx([0.04, 0.03, 0.04, 0.04])


def test_command__tables_and_json(tmp_path):
    found = CliRunner().invoke(main, ["audit", "-o", str(tmp_path / "out")])
    assert found.exit_code == 0, found.stderr
    assert "changes can be told from zero" in found.stdout
    assert len(pd.read_csv(tmp_path / "out/margins.csv")) == 121
    assert len(pd.read_csv(tmp_path / "out/changes.csv")) == 47
    rows = json.loads(CliRunner().invoke(main, ["audit", "statement", "--moe", "0.66%", "--json"]).stdout)
    assert {row["method"]: row["n"] for row in rows}["wald"] == 22047
    assert CliRunner().invoke(main, ["audit", "statement", "--deff", "2"]).exit_code == 2
    assert CliRunner().invoke(main, ["audit", "--repetitions", "1"]).exit_code == 2


def test_command__in_chinese_draws_and_prints_chinese(tmp_path):
    found = CliRunner().invoke(main, ["audit", "--lang", "zh", "-o", str(tmp_path / "out")])
    assert found.exit_code == 0, found.stderr
    assert "互联网普及率" in found.stdout
    assert "internet_penetration" not in found.stdout
    drawing = (tmp_path / "out" / "margins.svg").read_text(encoding="utf-8")
    assert ">简单随机抽样</text>" in drawing  # text, whatever fonts this machine has
    assert pd.read_csv(tmp_path / "out" / "margins.csv")["indicator_id"].iloc[1] == "internet_penetration"
