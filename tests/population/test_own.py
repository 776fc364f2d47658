"""Populations that are not China's: a user's table, a country's margin tables; and the frames on top of them."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import stats

from surveysim import DataError, Population, TelephoneFrame, UnknownNameError


def people():
    """Twelve people in seven households of two regions; rows are in no order."""
    return pd.DataFrame(
        {
            "region": list("NSNSNSNSNSNS"),
            "home": [1, 2, 1, 2, 3, 4, 3, 4, 5, 6, 5, 7],
            "sex": list("mfmffmmfmffm"),
            "income": np.arange(12.0),
            "online": [True, False] * 6,
            "mobiles": [1, 2, 0, 1, 1, 1, 3, 0, 1, 1, 0, 2],
            "lines": [1, 0, 1, 0, 0, 2, 0, 2, 0, 1, 0, 1],
        }
    )


def own(data=None):
    return Population.from_frame(
        people() if data is None else data, stratum="region", household="home", mobiles="mobiles", lines="lines"
    )


def test_from_frame__parameters_are_group_sums():
    pop, data = own(), people()
    assert (pop.size, pop.n_households, pop.strata) == (12, 7, ("N", "S"))
    found = pop.parameter("income", by=["region", "sex"]).set_index("domain")["value"]
    assert found["region=N, sex=f"] == data.query("region == 'N' and sex == 'f'")["income"].sum()
    assert (
        pop.parameter("income/persons", where={"online": True})["value"].iloc[0]
        == data[data["online"]]["income"].mean()
    )
    assert pop.parameter("income*online")["value"].iloc[0] == data[data["online"]]["income"].sum()
    assert pop.parameter("persons")["domain"].tolist() == [""]


def test_from_frame__persons_come_back_in_the_callers_kind_and_the_table_stays():
    data = people()
    before = data.copy()
    assert own(data).persons([3, 0])["income"].tolist() == [3.0, 0.0]
    assert own(data).persons([3, 0])["person_id"].tolist() == [3, 0]
    frame = own(pl.from_pandas(data)).persons([3, 0], columns=["income"])
    assert isinstance(frame, pl.DataFrame)
    assert frame["income"].to_list() == [3.0, 0.0]
    pd.testing.assert_frame_equal(data, before)


def test_from_frame__households_and_lines():
    homes = own().households(np.arange(7))
    assert homes["household_size"].tolist() == [2, 2, 2, 2, 2, 1, 1]
    assert homes["n_lines"].tolist() == [1, 0, 0, 2, 0, 1, 1]
    assert homes["first_person_id"].tolist() == [0, 1, 4, 5, 8, 9, 11]


@pytest.mark.parametrize("kind", ["mobile", "landline"])
def test_from_frame__telephone_frame_is_a_bijection(kind):
    pop = own()
    frame = TelephoneFrame(pop, kind)
    ids = np.arange(pop.size if kind == "mobile" else pop.n_households)
    table = frame.numbers_of(ids)
    counts = table.iloc[:, 0].value_counts().reindex(ids, fill_value=0)
    np.testing.assert_array_equal(counts, pop.n_numbers(kind, ids))
    np.testing.assert_array_equal(frame.owner(table["number"]), table.iloc[:, 0])
    assert table["number"].is_unique
    # exhaustive: all numbers of both units reach exactly those
    reached = []
    for u in range(2):
        every = np.arange(frame.numbers.space[u])
        owner = frame.owner(frame.digits(np.full(len(every), u), every))
        reached.append(owner[owner >= 0])
        stratum = pop.source._stratum[owner[owner >= 0]] if kind == "mobile" else None
        assert stratum is None or (stratum == u).all(), "a number belongs to the unit of its owner"
    np.testing.assert_array_equal(np.bincount(np.concatenate(reached), minlength=len(ids)), pop.n_numbers(kind, ids))
    assert len(frame.random_numbers("N", 5, np.random.default_rng(1))) == 5


def test_from_frame__to_parquet_by_stratum(tmp_path):
    pop = own()
    assert pop.to_parquet(tmp_path / "p", where={"online": True}) == 6
    table = pd.read_parquet(tmp_path / "p")
    assert table["region"].astype(str).unique().tolist() == ["N"]
    assert table["income"].sum() == 30


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mobiles": 4}, "'mobiles' counts telephone numbers, 0 to 3; 12 of 12"),
        ({"lines": np.arange(12) % 2 + (np.arange(12) == 2)}, "lines 'lines' differs inside"),
        ({"region": [None, *"SNSNSNSNSNS"]}, "'region' is missing in 1 of 12 rows"),
        ({"home": 1}, "stratum 'region' differs inside 1 households"),
    ],
)
def test_from_frame__refuses(change, message):
    with pytest.raises(DataError, match=message):
        TelephoneFrame(own(people().assign(**change)), "mobile")


def test_from_frame__names_unknown_columns():
    with pytest.raises(UnknownNameError, match="stratum = 'area' is no column"):
        Population.from_frame(people(), stratum="area")
    with pytest.raises(UnknownNameError, match="no column 'wealth'"):
        own().parameter("wealth")
    with pytest.raises(DataError, match="'sex' is text"):
        own().parameter("sex")
    with pytest.raises(DataError, match="needs the column that counts numbers"):
        TelephoneFrame(Population.from_frame(people()), "landline")


def country(scale=1):
    """Two regions × sex × age × telephones, the totals of a country of 300,000."""
    rows = []
    for region, total, share in (("north", 100_000, 0.4), ("south", 200_000, 0.6)):
        for variable, levels in {
            "sex": {"f": 0.52, "m": 0.48},
            "age": {"0-14": 0.2, "15-64": 0.65, "65+": 0.15},
            "mobile": {"0": 0.25, "1": 1 - 0.25 - share / 10, "2": share / 10},
        }.items():
            rows += [(region, variable, level, total * p * scale) for level, p in levels.items()]
    return pd.DataFrame(rows, columns=["region", "variable", "level", "total"])


ASSOCIATION = pd.DataFrame(
    [
        ("0-14", "0", 1.0),
        ("0-14", "1", 0.2),
        ("15-64", "0", 0.1),
        ("15-64", "1", 1.0),
        ("15-64", "2", 0.3),
        ("65+", "0", 0.5),
        ("65+", "1", 1.0),
    ],
    columns=["age", "mobile", "weight"],
)
RATES = pd.DataFrame(
    [("online", "", 0.9), ("online", "65+", 0.5), ("online", "0-14", 0.7), ("voter", "", 0.6)],
    columns=["outcome", "age", "rate"],
)


def made(**more):
    sizes = {1: 0.3, 2: 0.3, 3: 0.25, 4: 0.15}
    arguments = dict(
        stratum="region",
        association=ASSOCIATION,
        rates=RATES,
        household_sizes=sizes,
        mobiles="mobile",
        lines={"north": 0.1, "south": 0.15},
    )
    return Population.from_margins(country(), **(arguments | more))


@pytest.mark.statistical
def test_from_margins__meets_every_margin():
    """Cells within 5 √cell of the margins, and a chi-square over all of them."""
    pop = made()
    assert pop.size == 300_000
    statistic = 0.0
    for variable in ("sex", "age", "mobile"):
        found = pop.parameter("persons", by=["region", variable]).set_index("domain")["value"]
        for row in country().query(f"variable == '{variable}'").itertuples():
            value = found[f"region={row.region}, {variable}={row.level}"]
            assert abs(value - row.total) < 5 * np.sqrt(row.total)
            statistic += (value - row.total) ** 2 / row.total
    assert statistic < stats.chi2.ppf(0.9999, 2 * (2 + 3 + 3))


def test_from_margins__parameters_are_sums_over_persons():
    pop = made()
    table = pop.persons(np.arange(pop.size))
    found = pop.parameter("online", by=["region", "age"]).set_index("domain")["value"]
    expected = table.groupby(["region", "age"], observed=True)["online"].sum()
    for (region, age), value in expected.items():
        assert found[f"region={region}, age={age}"] == value
    rate = pop.parameter("online*sex=f/persons*sex=f", where={"region": "south"})["value"].iloc[0]
    chosen = table[(table["region"] == "south") & (table["sex"] == "f")]
    assert rate == pytest.approx(chosen["online"].mean(), abs=1e-12)
    assert table["household_id"].nunique() == pop.n_households
    assert (table.groupby("household_id")["region"].nunique() == 1).all()
    assert (table.groupby("household_id").size() == table.groupby("household_id")["household_size"].first()).all()


@pytest.mark.statistical
def test_from_margins__association_and_rates_hold():
    table = made().persons(np.arange(300_000))
    assert (table.loc[table["age"] == "0-14", "mobile"] != "2").all(), "weight 0 means never"
    for age, rate in (("15-64", 0.9), ("65+", 0.5), ("0-14", 0.7)):
        y = table.loc[table["age"] == age, "online"]
        assert abs(y.mean() - rate) < 4 * np.sqrt(rate * (1 - rate) / len(y))


def test_from_margins__persons_depend_on_the_id_alone_and_the_seed():
    pop = made()
    pd.testing.assert_frame_equal(pop.persons([7, 299_999, 7]).iloc[:1], pop.persons([7]))
    assert (made(seed=2).persons(np.arange(500))["age"] != pop.persons(np.arange(500))["age"]).any()
    assert pop.fingerprint != made(seed=2).fingerprint


@pytest.mark.parametrize("kind", ["mobile", "landline"])
def test_from_margins__telephone_frame(kind):
    pop = made()
    frame = TelephoneFrame(pop, kind)
    size = pop.size if kind == "mobile" else pop.n_households
    ids = np.arange(0, size, 7)
    table = frame.numbers_of(ids)
    np.testing.assert_array_equal(frame.owner(table["number"]), table.iloc[:, 0])
    counts = table.iloc[:, 0].value_counts().reindex(ids, fill_value=0)
    np.testing.assert_array_equal(counts, pop.n_numbers(kind, ids))
    rng = np.random.default_rng(2)
    for region in pop.strata:
        rate = (frame.owner(frame.random_numbers(region, 20_000, rng)) >= 0).mean()
        expected = frame.units.set_index("region").loc[region, "working_rate"]
        assert abs(rate - expected) < 5 * np.sqrt(expected / 20_000)


def test_from_margins__refuses_what_cannot_be():
    bad = country()
    bad.loc[0, "total"] += 500
    with pytest.raises(DataError, match=r"region north disagree: 'sex' adds up to 100,500 .* 500 less"):
        Population.from_margins(bad, stratum="region")
    with pytest.raises(DataError, match="1 of 16 rows have no usable total"):
        Population.from_margins(country().assign(total=lambda t: t["total"].where(t.index != 3)), stratum="region")
    with pytest.raises(DataError, match="must have every level of 'age' once"):
        Population.from_margins(country().drop(index=3), stratum="region")
    with pytest.raises(DataError, match="lacks the column 'stratum'"):
        Population.from_margins(country())
    impossible = pd.DataFrame(
        [("0-14", "2", 1.0), ("15-64", "1", 1.0), ("65+", "0", 1.0)], columns=["age", "mobile", "weight"]
    )
    with pytest.raises(DataError, match="cannot meet its margins"):
        made(association=impossible)
    with pytest.raises(DataError, match="'online' has no rate for some cells"):
        made(rates=RATES.iloc[1:])
    with pytest.raises(UnknownNameError, match="no margin 'phones'"):
        made(mobiles="phones")
    with pytest.raises(UnknownNameError, match="'happy' is no outcome"):
        made().parameter("happy")


def test_from_margins__70_million_people_take_little_memory():
    """Tables only: the same few kilobytes as for 300,000 people; any person at once."""
    pop = Population.from_margins(country(250), stratum="region", rates=RATES)
    assert pop.size == 75_000_000
    assert sum(table.nbytes for table in pop.people) < 20_000
    assert len(pop.persons([74_999_999])) == 1


def test_from_frame__keeps_the_users_ids_and_links_households():
    data = people().assign(person_id=np.arange(900, 912))
    pop = own(data)
    table = pop.persons(np.arange(12))
    assert table["person_id"].tolist() == data["person_id"].tolist()
    joined = table.merge(pop.households(np.arange(7)), on="household_index", suffixes=("", "_of_household"))
    assert (joined["lines"] == joined["n_lines"]).all()
    assert (joined["home"] == joined["home_of_household"]).all()
    data.loc[0, "income"] = 1e6
    assert pop.parameter("income")["value"].iloc[0] == 66, "the population does not follow later changes"


def test_from_frame__null_keys_and_whole_numbers_of_any_type():
    keys = pl.DataFrame({"region": [10.0, 11.0, 11.0, None], "v": [1, 2, None, 4], "a": [1, 2, None, 2]})
    with pytest.raises(DataError, match="'region' is missing in 1 of 4 rows"):
        Population.from_frame(keys, stratum="region")
    pop = Population.from_frame(keys[:3], stratum="region")
    assert pop.strata == ("10", "11")
    assert pop.parameter("persons", where={"a": 2})["value"].iloc[0] == 1
    assert pop.parameter("v", where={"a": [1, 2]})["value"].iloc[0] == 3, "missing values outside the domain do no harm"
    with pytest.raises(DataError, match="'v' is missing in 1 of 3 rows"):
        pop.parameter("v")


def test_from_frame__folders_belong_to_one_population(tmp_path):
    data = people()
    Population.from_frame(data, stratum="region").to_parquet(tmp_path / "p")
    for other in (data.rename(columns={"income": "wage"}), data.assign(income=1.0)):
        with pytest.raises(DataError, match="another population"):
            Population.from_frame(other, stratum="region").to_parquet(tmp_path / "p")
    odd = data.assign(region=np.where(data["region"] == "N", "..", "x/1"))
    assert Population.from_frame(odd, stratum="region").to_parquet(tmp_path / "q") == 12
    assert len(pd.read_parquet(tmp_path / "q")) == 12


@pytest.mark.parametrize(
    "data", [{"a": [1]}, pl.DataFrame({"a": [1]}).lazy(), pd.DataFrame({"a": [[1], [2]]}), pd.DataFrame([[1, 2]])]
)
def test_from_frame__refuses_what_is_no_table(data):
    with pytest.raises(DataError, match="from_frame"):
        Population.from_frame(data)


def test_from_margins__refuses_gaps_collisions_and_shares():
    lost = country()
    lost.loc[lost["region"] == "south", "region"] = None
    with pytest.raises(DataError, match="'region' is missing in 8 of 16 rows"):
        Population.from_margins(lost, stratum="region")
    shares = country().assign(total=lambda t: t["total"] / np.where(t["region"] == "north", 1e5, 2e5))
    with pytest.raises(DataError, match="totals are persons, not shares"):
        Population.from_margins(shares, stratum="region")
    with pytest.raises(DataError, match="'household_size' cannot name"):
        Population.from_margins(country().replace({"variable": {"sex": "household_size"}}), stratum="region")
    with pytest.raises(DataError, match="read the same"):
        Population.from_margins(country().assign(level=lambda t: t["level"].mask(t.index == 5, 0)), stratum="region")
    for sizes in ({}, {"5+": 1}, {1: float("nan")}, [1, 2], {2.9: 1}, {10**7: 1}):
        with pytest.raises(DataError, match="household_sizes"):
            made(household_sizes=sizes)
    with pytest.raises(DataError, match="every weight is 0"):
        made(association=ASSOCIATION.assign(weight=0.0))
    with pytest.raises(DataError, match="no usable rate"):
        made(rates=RATES.assign(rate="high"))
    with pytest.raises(DataError, match="names 2 outcomes"):
        made().parameter("online*voter")
    with pytest.raises(DataError, match="lines in north = 2"):
        made(lines=2)


def test_from_margins__boolean_levels_and_rare_rates():
    rows = [("N", "owner", True, 3e6), ("N", "owner", False, 7e6)]
    margins = pd.DataFrame(rows, columns=["stratum", "variable", "level", "total"])
    pop = Population.from_margins(margins, rates=pd.DataFrame({"outcome": ["rare"], "rate": [7e-6]}))
    assert abs(pop.parameter("persons", where={"owner": True})["value"].iloc[0] - 3e6) < 5 * np.sqrt(3e6)
    assert 35 < pop.parameter("rare")["value"].iloc[0] < 110


def test_from_margins__households_share_the_landline():
    pop = made()
    table = pop.persons(np.arange(0, 3000))
    assert (table.groupby("household_id")["n_lines"].nunique() == 1).all()
    homes = pop.households(np.arange(pop.n_households))
    share = homes.groupby("region", observed=True)["n_lines"].mean()
    assert abs(share["north"] - 0.1) < 0.01
    assert abs(share["south"] - 0.15) < 0.01


def test_from_margins__to_parquet_selects_by_any_label_in_any_block(tmp_path, monkeypatch):
    """Households of one size lie together, so most blocks lack most sizes; rare outcomes are in few blocks."""
    from surveysim.population import export

    monkeypatch.setattr(export, "BLOCK", 20_000)
    pop = made(rates=pd.concat([RATES, pd.DataFrame({"outcome": ["rare"], "rate": [2e-5]})]))
    everybody = pop.persons(np.arange(pop.size))
    for where in ({"household_size": 3}, {"rare": True}, {"n_lines": [1], "sex": "f"}):
        count = pop.to_parquet(tmp_path / str(len(str(where))), where=where, columns=["person_id", "age"])
        keep = np.ones(pop.size, bool)
        for column, label in where.items():
            keep &= everybody[column].isin(np.atleast_1d(label))
        assert count == keep.sum() > 0
    with pytest.raises(UnknownNameError, match="household_size has no label 9"):
        pop.to_parquet(tmp_path / "no", where={"household_size": 9})
    with pytest.raises(UnknownNameError, match="'person_id' cannot select"):
        pop.to_parquet(tmp_path / "no", where={"person_id": 9})
