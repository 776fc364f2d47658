"""Waves as one Survey: each keeps what it was, what they share counts, and what cannot be combined is refused."""

import re

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim import DataError, DesignError, SurveysimWarning

MARGINS = {"sex": {"f": 600.0, "m": 640.0}}


def table(seed, psus=(0, 1, 2, 3, 8, 9, 10, 11), size=4):
    rng = np.random.default_rng(seed)
    rows = [
        (f"s{p // 8}", f"p{p}", f"{p}-{k}", 50 + p % 3 + rng.normal(), "fm"[k % 2], 10 + rng.random())
        for p in psus
        for k in range(size)
    ]
    return pd.DataFrame(rows, columns=["h", "psu", "person", "y", "sex", "w"])


def survey(seed, psus=(0, 1, 2, 3, 8, 9, 10, 11), raked=True, **told):
    made = ss.Survey(table(seed, psus), weight="w", strata="h", psu="psu", **told)
    return made.rake(MARGINS) if raked else made


A, B = survey(1), survey(2)
LATER = survey(3, (2, 3, 4, 5, 10, 11, 12, 13))


# ---- laws --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("overlap", [None, "psu"])
@pytest.mark.parametrize("second", [B, LATER])
def test_combine__a_wave_keeps_its_own_errors(overlap, second):
    both = ss.combine({"a": A, "b": second}, overlap)
    found = both.mean("y", by=["wave", "sex"]).table
    for name, alone in (("a", A), ("b", second)):
        part = found[found["domain"].str.startswith(f"wave={name}")].drop(columns="domain").reset_index(drop=True)
        pd.testing.assert_frame_equal(part, alone.mean("y", by="sex").table.drop(columns="domain"), rtol=1e-10)
    np.testing.assert_array_equal(both.weight, np.concatenate([A.weight, second.weight]))


def test_combine__independent_waves_have_no_covariance():
    cov = ss.combine({"a": A, "b": B}).mean("y", by="wave").cov
    assert cov[0, 1] == pytest.approx(0, abs=1e-15)


def test_combine__is_the_stacked_sample_raked_by_wave():
    rows = pd.concat([table(1).assign(wave="a"), table(2).assign(wave="b")], ignore_index=True)
    stacked = ss.Survey(rows, weight="w", strata="h", psu="psu").rake({"a": MARGINS, "b": MARGINS}, by="wave")
    one, other = (s.total("y", by=["wave", "sex"]) for s in (ss.combine({"a": A, "b": B}, "psu"), stacked))
    np.testing.assert_allclose(one.cov, other.cov, rtol=1e-8)
    np.testing.assert_array_equal(one.table["df"], other.table["df"])
    assert one.change().table["domain"].tolist() == ["wave=b - a, sex=f", "wave=b - a, sex=m"]


@pytest.mark.parametrize("kind", ["jkn", "rao-wu", "sdr"])
def test_combine__replicates_draw_the_same_units_in_every_wave(kind):
    told = {"n": 400, "seed": 3} if kind == "rao-wu" else {}
    both = ss.combine({"a": A, "b": B}, "psu").replicates(kind, **told)
    matrix = both.replicate_weights().to_numpy()
    assert matrix.shape[1] == {"jkn": 8, "rao-wu": 400, "sdr": 16}[kind]
    zero = [set(both.data["psu"][(both.data["wave"] == w) & (matrix[:, 0] == 0)]) for w in "ab"]
    assert zero[0] == zero[1]
    for wave, sex, total in (("a", "f", 600), ("b", "m", 640)):  # every wave is raked anew
        rows = ((both.data["wave"] == wave) & (both.data["sex"] == sex)).to_numpy()
        np.testing.assert_allclose(matrix[rows].sum(axis=0), total, rtol=1e-6)


def test_combine__jackknife_and_linearized_errors_of_a_change_agree():
    many = [survey(seed, [*range(8), *range(8, 16)]) for seed in (4, 5)]
    both = ss.combine(dict(zip("ab", many, strict=True)), "psu")
    for relative in (False, True):
        se = [s.mean("y", by="wave").change(relative=relative).table["se"][0] for s in (both, both.replicates("jkn"))]
        assert se[1] == pytest.approx(se[0], rel=0.03)
    apart = ss.combine(dict(zip("ab", many, strict=True))).mean("y", by="wave").change().table["se"][0]
    assert se[0] * 50 < 0.8 * apart  # PSUs differ by 50, 51, 52 in both waves


def test_combine__jackknife_of_rotating_units_has_strata_of_those_in_the_same_waves():
    both = ss.combine({"a": A, "b": LATER}, "psu")
    found = both.replicates("jkn").mean("y", by="wave")
    assert found.design.count == 12  # psus 2, 3 in both, 0, 1 and 4, 5 in one, of each stratum
    assert found.change().table["se"][0] == pytest.approx(both.mean("y", by="wave").change().table["se"][0], rel=0.5)


def test_combine__the_same_people_by_hand():
    # changes 1, 2, 6 of three people: mean 3, variance 7, so that the error of the change is √(7 / 3)
    one, two = (
        ss.Survey(pd.DataFrame({"id": ids, "y": y})) for ids, y in (([1, 2, 3], [1, 5, 9]), ([3, 1, 2], [15, 2, 7]))
    )
    panel = ss.combine({"a": one, "b": two}, "people", person="id")
    change = panel.mean("y", by="wave").change().table
    assert change[["estimate", "se", "df"]].to_numpy()[0] == pytest.approx([3, np.sqrt(7 / 3), 2])
    jackknife = panel.replicates("jk1").mean("y", by="wave").change().table
    assert jackknife["se"][0] == pytest.approx(change["se"][0])


def test_combine__people_in_psus_count_at_every_stage():
    rng = np.random.default_rng(0)
    base = pd.DataFrame(
        [(p, f"{p}.{k}", rng.normal(p, 2)) for p in range(6) for k in range(4)], columns=["p", "id", "y"]
    )
    base[["N", "M"]] = 12, 20
    told = {"weight": np.ones(24), "psu": ["p", "id"], "fpc": ["N", "M"]}
    waves = {"a": ss.Survey(base, **told), "b": ss.Survey(base.assign(y=base["y"] + 1), **told)}
    found = {o: ss.combine(waves, o, person="id" if o == "people" else None) for o in ("psu", "people")}
    assert found["people"].mean("y", by="wave").change().table["se"][0] == pytest.approx(0, abs=1e-7)
    assert found["psu"].mean("y", by="wave").change().table["se"][0] > 0.1


def test_combine__three_waves_against_a_base_and_on_average():
    e = ss.combine({"a": A, "b": B, "c": LATER}, "psu").mean("y", by="wave")
    value = e.table["estimate"].to_numpy()
    np.testing.assert_allclose(e.change().table["estimate"], np.diff(value))
    np.testing.assert_allclose(e.change(base="a").table["estimate"], value[1:] - value[0])
    np.testing.assert_allclose(e.change(base="a", relative=True).table["estimate"], value[1:] / value[0] - 1)
    np.testing.assert_allclose(e.average({"a": 1, "c": 3}).table["estimate"], value[0] / 4 + 3 * value[2] / 4)
    two = e.change()
    np.testing.assert_allclose(np.sqrt(np.diag(two.cov)), two.table["se"])
    assert two.contrast({"wave=c - b": 1, "wave=b - a": 1}).table["se"][0] == pytest.approx(
        e.change("a").table["se"][1]
    )


def test_combine__brought_replicates_of_common_units_go_side_by_side():
    made = [s.replicates("jkn") for s in (A, B)]
    told = {"rscales": made[0].engine.rscales, "mse": True}
    waves = [ss.Survey(s.data, weight=s.weight.copy(), replicate_weights=s.engine.weights(), **told) for s in made]
    want = ss.combine({"a": A, "b": B}, "psu").replicates("jkn", mse=True).mean("y", by="wave")
    found = ss.combine(dict(zip("ab", waves, strict=True)), "psu").mean("y", by="wave")
    np.testing.assert_allclose(found.cov, want.cov, rtol=1e-8)
    apart = ss.combine(dict(zip("ab", waves, strict=True))).mean("y", by="wave")
    np.testing.assert_allclose(apart.cov, np.diag(np.diag(want.cov)), rtol=1e-8, atol=1e-14)


# ---- the table -----------------------------------------------------------------------------------------------------------
def test_combine__columns_of_one_wave_are_missing_in_the_other():
    waves = {"a": survey(1, raked=False), "b": ss.Survey(table(2).assign(new=1, yes=True), "w", "h", "psu")}
    both = ss.combine(waves)
    assert both.where("wave=b").mean("new").table["estimate"][0] == 1
    assert both.where("wave=b").proportion("yes").table["level"].tolist() == ["True"]
    assert list(both.data["wave"].cat.categories) == ["a", "b"]


@pytest.mark.parametrize("kind", ["polars", "pyarrow"])
def test_combine__results_are_of_the_kind_of_the_tables(kind):
    own = (
        pytest.importorskip("polars").from_pandas
        if kind == "polars"
        else pytest.importorskip("pyarrow").Table.from_pandas
    )
    waves = {name: ss.Survey(own(table(k)), "w", "h", "psu") for k, name in enumerate("ab")}
    change = ss.combine(waves, "psu").mean("y", by="wave").change()
    assert type(change.to_frame()).__module__.startswith(kind)
    assert change.table["se"][0] > 0


def test_combine__says_where_answers_are_called_differently():
    other = ss.Survey(table(2).assign(sex=lambda t: t["sex"].map({"f": "female", "m": "male"})), "w", "h", "psu")
    with pytest.warns(SurveysimWarning, match="'sex' has no level in both wave 'a'"):
        ss.combine({"a": survey(1, raked=False), "b": other})


# ---- what is refused ---------------------------------------------------------------------------------------------------
def plain(**changes):
    return ss.Survey(table(2).assign(**changes), "w", "h", "psu")


def rows_only():
    return ss.Survey(table(2), "w")


REFUSED = [
    (lambda: {"a": A}, {}, DataError, "1 given; give two or more"),
    (lambda: [A, B], {}, DataError, "waves"),
    (lambda: {"a": A, "b": A}, {}, DataError, "are the same Survey"),
    (lambda: {1: A, "1": B}, {}, DataError, "read the same"),
    (lambda: {"a": A, "b": 3}, {}, DataError, "'b' is a int"),
    (lambda: {"a": A, "b": B.where("sex=f")}, {}, DesignError, "'b' is a subpopulation"),
    (lambda: {"a": A, "b": plain(wave=1)}, {}, DataError, "has a column 'wave' already"),
    (lambda: {"a": A, "b": plain(y="text")}, {}, DataError, "'y' holds numbers in wave 'a' and text in 'b'"),
    (lambda: {"a": A, "b": survey(2, lonely_psu="adjust")}, {}, DesignError, "lonely PSUs differently"),
    (lambda: {"a": A, "b": B.replicates("jkn")}, {}, DesignError, "combine the waves first"),
    (
        lambda: {"a": A, "b": plain(h="other")},
        {"overlap": "psu"},
        DesignError,
        "8 units of wave 'b' are in another stratum",
    ),
    (
        lambda: {"a": A, "b": plain(psu=lambda t: "q" + t["psu"])},
        {"overlap": "psu"},
        DesignError,
        "no PSU is in two waves",
    ),
    (lambda: {"a": A, "b": rows_only()}, {"overlap": "psu"}, DesignError, "every row of wave 'b' is a PSU of its own"),
    (lambda: {"a": A, "b": B}, {"overlap": "people"}, DataError, "person is the column"),
    (lambda: {"a": A, "b": B}, {"overlap": "psu", "person": "person"}, DataError, "person is the column"),
    (lambda: {"a": A, "b": B}, {"overlap": "psus"}, DataError, "overlap"),
    (lambda: {"a": A, "b": B}, {"overlap": "people", "person": "nobody"}, DataError, "no column 'nobody'"),
    (
        lambda: {"a": A, "b": plain(person=1)},
        {"overlap": "people", "person": "person"},
        DataError,
        "32 of 32 rows of wave 'b'",
    ),
    (
        lambda: {"a": A, "b": plain(person=None)},
        {"overlap": "people", "person": "person"},
        DataError,
        "missing in 32 of 32 rows",
    ),
    (
        lambda: {"a": A, "b": plain(person=lambda t: t["person"].to_numpy()[::-1])},
        {"overlap": "people", "person": "person"},
        DesignError,
        "is in one unit in wave 'a'",
    ),
]


@pytest.mark.filterwarnings("ignore::surveysim.SurveysimWarning")
@pytest.mark.parametrize(("waves", "options", "error", "text"), REFUSED, ids=range(len(REFUSED)))
def test_combine__refuses(waves, options, error, text):
    given = waves()
    with pytest.raises(error, match=re.escape(text)):
        ss.combine(given, **options)
