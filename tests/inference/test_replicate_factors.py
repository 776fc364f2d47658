"""Replicate weights and factors brought along: which is which is said, never guessed; ranks and scales that give no error."""

import numpy as np
import pandas as pd
import pytest

from surveysim import DataError, DesignError, Survey, SurveysimWarning

KINDS = {
    "jk1": {},
    "jkn": {},
    "brr": {},
    "fay": {"rho": 0.5},
    "fay 0.7": {"rho": 0.7},
    "rao-wu": {"n": 60, "seed": 1},
    "sdr": {},
}


def table(seed=1, n=80):
    rng = np.random.default_rng(seed)
    data = pd.DataFrame({"h": np.arange(n) // 4, "c": np.arange(n) // 2, "y": rng.normal(50, 9, n)})
    return data.assign(w=rng.uniform(10, 50, n), g=rng.choice(list("pq"), n))


def made(data, kind, weight="w", **options):
    """Replicates made here, and their factors (n, R), scale and rscales."""
    strata = None if kind == "jk1" else "h"
    r = Survey(data, weight=weight, strata=strata, psu="c").replicates(kind.split()[0], **KINDS[kind], **options)
    t = r.replicate_weights()
    return r, t.to_numpy() / r.weight[:, None], {k: t.attrs[k] for k in ("scale", "rscales")}


def numbers(s):
    tables = [s.total("y", df=20), s.mean("y", by="g", df=20), s.quantile("y", 0.4, df=20)]
    return pd.concat([t.table for t in tables])[["estimate", "se", "lower", "upper"]].to_numpy()


@pytest.mark.parametrize("kind", list(KINDS))
def test_factors__are_refused_as_weights_and_right_as_factors(kind):
    data = table()
    r, factors, scales = made(data, kind)
    with pytest.raises(
        DesignError, match=r"look like factors around 1.*weights to 2,\d{3}, over 80 rows.*replicate_factors="
    ):
        Survey(data, weight="w", replicate_weights=factors, **scales)
    named = data.assign(**{f"f{k}": f for k, f in enumerate(factors.T)})
    columns = [f"f{k}" for k in range(factors.shape[1])]
    ways = [
        Survey(data, weight="w", replicate_factors=factors, **scales),
        Survey(data, weight="w", replicate_weights=factors, replicate_factors=True, **scales),
        Survey(named, weight="w", replicate_factors=columns, **scales),
        Survey(named, weight="w", replicate_weights=columns, replicate_factors=True, **scales),
        Survey(data, weight="w", replicate_weights=factors * data[["w"]].to_numpy(), **scales),
        Survey(data, weight="w", replicate_weights=factors * data[["w"]].to_numpy(), replicate_factors=False, **scales),
    ]
    for s in ways:
        np.testing.assert_allclose(numbers(s), numbers(r), rtol=1e-10)


@pytest.mark.parametrize("kind", ["jkn", "brr", "rao-wu"])
def test_weights_of_1_on_average__are_told_from_factors_row_by_row(kind):
    """Sums of columns are alike here: what tells is that a row's mean over the replicates is its weight, or 1."""
    data = table()
    data["w"] *= len(data) / data["w"].sum()
    r, factors, scales = made(data, kind)
    s = Survey(data, weight="w", replicate_weights=factors * data[["w"]].to_numpy(), **scales)
    np.testing.assert_allclose(numbers(s), numbers(r), rtol=1e-10)
    with pytest.raises(DesignError, match="look like factors"):
        Survey(data, weight="w", replicate_weights=factors, **scales)


def test_weights_of_about_1__are_both_and_need_no_word():
    data = table().assign(w=lambda d: 1 + (d["w"] - 30) / 2000)
    r, factors, scales = made(data, "jkn")
    s = Survey(data, weight="w", replicate_weights=factors, **scales)
    np.testing.assert_allclose(numbers(s)[:, :2], numbers(r)[:, :2], rtol=0.05)
    again = Survey(data, replicate_weights=factors, **scales)
    np.testing.assert_allclose(numbers(again), numbers(made(data, "jkn", weight=None)[0]), rtol=1e-10)


def test_what_nobody_can_tell__is_taken_for_weights_with_a_warning():
    """Weights around 1 and a bootstrap of four replicates: means over four draws are as far from the weights as from 1."""
    data = table().assign(w=lambda d: 1 + (d["w"] - 30) / 60)
    factors = np.random.default_rng(2).choice([0.0, 2.0], (80, 4))
    with pytest.warns(SurveysimWarning, match="may be weights or factors.*True or False"):
        s = Survey(data, weight="w", replicate_weights=factors, scale=0.25)
    first = s.total("y", df=9).table["se"][0]
    assert (
        first
        == Survey(data, weight="w", replicate_weights=factors, replicate_factors=False, scale=0.25)
        .total("y", df=9)
        .table["se"]
        .item()
    )
    told = Survey(data, weight="w", replicate_weights=factors, replicate_factors=True, scale=0.25)
    assert told.total("y", df=9).table["se"][0] != first


def test_weights_on_another_scale__are_warned_of():
    data = table()
    r, factors, scales = made(data, "jkn")
    normalised = factors * (data[["w"]] / data["w"].mean()).to_numpy()
    with pytest.warns(SurveysimWarning, match="another scale than the weights: the columns sum to 80 on average"):
        s = Survey(data, weight="w", replicate_weights=normalised, **scales)
    assert s.mean("y", df=9).table["se"][0] == pytest.approx(r.mean("y", df=9).table["se"][0])


def test_weights_called_factors__are_warned_of():
    data = table()
    _, factors, scales = made(data, "jkn")
    with pytest.warns(SurveysimWarning, match="look like weights"):
        Survey(data, weight="w", replicate_factors=factors * data[["w"]].to_numpy(), **scales)


def test_rows_without_weight__do_not_speak():
    data = table()
    _, factors, scales = made(data, "jkn")
    data.loc[:70, "w"] = 0.0
    with pytest.raises(DesignError, match="look like factors"):
        Survey(data, weight="w", replicate_weights=factors, **scales)


@pytest.mark.parametrize(
    ("options", "error", "word"),
    [
        (dict(replicate_factors=True), DesignError, "there are none"),
        (dict(replicate_factors=False), DesignError, "there are none"),
        (
            dict(replicate_weights=np.ones((80, 3)), replicate_factors=np.ones((80, 3))),
            DesignError,
            "or replicate_factors",
        ),
        (dict(replicate_factors="f1"), DesignError, "replicate_factors = 'f1'"),
        (dict(replicate_factors=np.ones((79, 3))), DesignError, "replicate factors have shape"),
        (
            dict(replicate_factors=np.full((80, 3), np.inf)),
            DesignError,
            "240 replicate factors are missing or infinite",
        ),
        (dict(replicate_factors=["nowhere"]), DataError, "nowhere"),
        (dict(replicate_factors=np.ones((80, 3)), scale=0.5, rscales=[0, 0, 0]), DesignError, "all 3 rscales are 0"),
    ],
)
def test_refusals(options, error, word):
    with pytest.raises(error, match=word):
        Survey(table(), weight="w", **options)


# ------------------------------------------------------------------------------------------------- degrees of freedom
def test_degrees__are_those_of_the_columns_not_of_their_squares():
    """Differences of 1e-6 of the weights count no degree, of 1e-4 they do (R counts with 1e-5); in squares 1e-4 was lost too."""
    rng = np.random.default_rng(3)
    data = table()
    for size, expected in ((1e-4, 7), (1e-7, 1)):
        matrix = np.outer(data["w"], np.ones(8)) * (1 + size * rng.normal(size=(80, 8)))
        s = Survey(data, weight="w", replicate_weights=matrix, scale=0.1)
        if expected > 1:
            assert s.mean("y").table["df"][0] == expected
        else:
            with pytest.raises(DesignError, match="do not differ"):
                s.mean("y")


def test_degrees__do_not_depend_on_units_of_weight():
    data = table()
    _, factors, scales = made(data, "jkn")
    for unit in (1.0, 1e-9, 1e12):
        s = Survey(data.assign(w=data["w"] * unit), weight="w", replicate_factors=factors, **scales)
        assert s.mean("y").table["df"][0] == 20  # 40 PSUs in 20 strata


def test_degrees__of_domains_are_the_rank_in_the_domain():
    data = table()
    _, factors, scales = made(data, "jkn")
    data["part"] = np.where(data["h"] < 3, "few", "many")
    s = Survey(data, weight="w", replicate_factors=factors, **scales)
    assert s.mean("y", by="part").table["df"].tolist() == [3, 17]
    data["part"] = np.where(data["c"] == 0, "none", "rest")
    alike = factors.copy()
    alike[:4] = 1.0
    with pytest.raises(DesignError, match="domain 'part=none' do not differ"):
        Survey(data, weight="w", replicate_factors=alike, **scales).total("y", by="part")


def test_sdr__takes_differences_inside_strata_and_half_samples_keep_the_correction():
    """Three strata at levels 0, 100, 1000: differences between them are no error (953 on the code before). 2 of 3 PSUs: a third is left."""
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"h": np.repeat([1, 2, 3], 8), "y": np.repeat([0, 100, 1000.0], 8) + rng.normal(0, 1, 24)})
    loops = sum(0.5 * ((z - np.roll(z, -1)) ** 2).sum() for z in data["y"].to_numpy().reshape(3, 8))
    found = Survey(data, strata="h").replicates("sdr", mse=True).total("y").table["se"].iloc[0]
    assert found == pytest.approx(np.sqrt(loops))
    pairs = pd.DataFrame({"h": np.repeat(range(6), 2), "y": rng.normal(10, 2, 12), "N": 3})
    s = Survey(pairs, strata="h", fpc="N")
    right = s.total("y").table["se"].iloc[0]
    for kind, options in (("brr", {}), ("fay", {"rho": 0.3}), ("sdr", {})):
        assert s.replicates(kind, mse=True, **options).total("y").table["se"].iloc[0] == pytest.approx(right), kind


def test_sdr__a_stratum_of_one_psu_is_refused():
    data = pd.DataFrame({"h": ["a", "a", "b"], "y": [1.0, 2.0, 3.0]})
    with pytest.raises(DesignError, match=r"1 strata have one PSU, which has no successor; the first is '?b"):
        Survey(data, strata="h").replicates("sdr")
