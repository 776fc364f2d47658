"""The virtual population: fixed people, coherent households, margins and published figures."""

import numpy as np
import pytest
from scipy import stats

from surveysim import DataError, Population, SpecError, UnknownNameError, reference
from surveysim.population import cache, census, parameters
from surveysim.population.households import SEATS


def test_size__is_the_scaled_nation(pop):
    assert pop.size == round(1_409_670_000 * 0.01)


def test_persons__depend_on_the_id_alone(pop):
    ids = np.array([0, 13, 99_999, pop.size - 1])
    together, apart = pop.persons(ids), [pop.persons([i]) for i in ids]
    for k, one in enumerate(apart):
        assert together.iloc[k].astype(str).tolist() == one.iloc[0].astype(str).tolist()


def test_seed__changes_the_people(pop):
    other = Population.china(seed=6, scale=0.01)
    ids = np.arange(2000)
    assert (pop.persons(ids)["age"] != other.persons(ids)["age"]).mean() > 0.8


def test_members_of_a_household__share_place_and_line(pop):
    households = pop.households(np.arange(0, pop.n_households, 5003))
    for row in households.itertuples():
        members = pop.persons(np.arange(row.first_person_id, row.first_person_id + row.household_size))
        assert (members["household_id"] == row.household_id).all()
        assert members["prefecture"].astype(str).eq(str(row.prefecture)).all()
        assert (members["n_lines"] == row.n_lines).all()
        if row.kind == "family":
            assert members["age"].iloc[0] >= 20, "the head of a family is no child"


def test_children__have_no_degree_no_mobile_under_6_and_are_no_netizens(pop):
    people = pop.persons(np.arange(0, pop.size, 97))
    young = people[people["age"] < 6]
    assert not young["internet"].any()
    assert (young["n_mobile"] == 0).all()
    assert (people[people["age"] < 15]["education"] != "college_plus").all()


def test_youngest__answer_within_their_years(pop):
    """No office work, trips or taxis by those under 10, few by pupils of primary school; what the printed ages imply is kept."""
    people = pop.persons(np.arange(0, pop.size, 17))
    online = people[people["internet"]]
    youngest = online[online["age"] < 10]
    pupils = online[online["age"].between(10, 12) & (online["education"] == "primary_or_less")]
    adults = online[online["age"].between(30, 39)]
    for app in ("app_online_office", "app_travel_booking", "app_ride_hailing", "genai_purpose_office"):
        assert not youngest[app].any(), app
        assert pupils[app].mean() < adults[app].mean() / 3, app
    for app in ("app_online_payment", "app_online_shopping", "app_food_delivery", "app_online_government"):
        assert youngest[app].mean() < adults[app].mean() - 0.2, app
    assert online.loc[online["age"] < 20, "genai_user"].mean() == pytest.approx(0.211, abs=0.01)


def test_internet_use__falls_steadily_from_50_on(pop):
    """No step but the printed one at 60: each five years use it less, by less than a quarter of the population."""
    sums = pop.sums("status", fine=False)
    people, online = (sums.column(name).sum(axis=(0, 1, 3)) for name in ("persons", "internet"))
    rate = (online / people)[12:]  # from 50-54 on
    assert (np.diff(rate) < 0).all()
    assert (np.diff(rate) > -0.25).all()
    over_60 = online[14:].sum() / people[14:].sum()
    assert over_60 == pytest.approx(0.525, abs=0.01)


def test_people_without_a_telephone__are_no_netizens_under_the_reports_assumption(pop):
    people = pop.persons(np.arange(0, pop.size, 31))
    silent = (people["n_mobile"] == 0) & (people["n_lines"] == 0)
    assert silent.sum() > 1000
    assert not people.loc[silent, "internet"].any()


def test_no_phone_internet_rate__lets_them_online():
    people = Population.china(seed=5, scale=0.001, no_phone_internet_rate=0.5).persons(np.arange(0, 1_400_000, 31))
    silent = (people["n_mobile"] == 0) & (people["n_lines"] == 0) & (people["age"] >= 6)
    assert 0.15 < people.loc[silent, "internet"].mean() < 0.5


def test_nested_outcomes__stay_nested(pop):
    people = pop.persons(np.arange(0, pop.size, 211))
    for inner, outer in [
        ("app_short_video", "app_online_video"),
        ("app_micro_drama", "app_online_video"),
        ("genai_user", "genai_aware"),
        ("genai_aware", "internet"),
        ("skill_copy_paste", "skill_any"),
        ("genai_purpose_qa", "genai_user"),
        ("device_laptop", "internet"),
    ]:
        assert not (people[inner] & ~people[outer]).any(), inner
    assert not (people["nonuser_reason_age"] & people["internet"]).any()
    assert people["weekly_hours"].notna().eq(people["internet"]).all()


def test_tally__is_the_sum_over_persons(pop):
    """The streaming kernel and random access must agree: one whole prefecture, person by person."""
    rows = np.nonzero(pop.people.class_area // 2 == 300)[0]
    ids = np.arange(pop.people.class_person[rows[0]], pop.people.class_person[rows[-1] + 1])
    people = pop.persons(ids)
    sums = {name: pop.sums().column(name)[600:602].sum() for name in parameters.column_names()}
    for name in ("internet", "app_ride_hailing", "nonuser_reason_no_skill", "skill_smart_farming"):
        assert sums[name] == people[name].sum(), name
    assert sums["persons"] == len(people)
    assert sums["mobile_numbers"] == people["n_mobile"].sum()
    assert sums["landlines"] == people.drop_duplicates("household_id")["n_lines"].sum()
    assert sums["netizen_farming"] == (people["internet"] & (people["sector"] == "farming")).sum()
    assert sums["weekly_hours"] == pytest.approx(people["weekly_hours"].sum())


@pytest.mark.statistical
def test_prefecture_margins__are_the_census_moved_to_the_year(pop):
    """Sex × age of every prefecture within 5 √cell (and 2 for cells near zero), and the table's chi-square."""
    expected = census.ages_by_prefecture(2023) * pop.scale
    found = pop.sums("cells").persons.sum(axis=-1).reshape(367, 2, 2, 20).sum(axis=1)
    assert np.all(np.abs(found - expected) <= np.maximum(5 * np.sqrt(expected), 8))
    big = expected > 20
    statistic = ((found - expected)[big] ** 2 / expected[big]).sum()
    assert statistic < stats.chi2.ppf(0.9999, big.sum())


@pytest.mark.statistical
def test_published_figures__hold_in_the_population(pop):
    """Every modelled figure within 5 standard errors of the finite population plus the allowed 0.15 points or 0.5 %."""
    published = reference.published()
    netizens = 0.01 * 1.1e9
    disagree = []
    for name, row in reference.indicators().iterrows():
        value, printed = pop.parameter(name)["value"].iloc[0], published.loc[name, "value_2024_12"]
        if np.isnan(printed):
            assert (
                published.loc[name, "value_2024_12_lo"] - 0.2 <= value <= published.loc[name, "value_2024_12_hi"] + 0.2
            )
        elif row["unit"] == "10k persons":
            value = value / pop.scale
            if abs(value / printed - 1) > 0.005 + 5 * np.sqrt(1e4 / printed / netizens) * 10:
                disagree.append(name)
        elif abs(value - printed) > 0.15 + 0.35:
            disagree.append(name)
    assert set(disagree) == {
        "internet_penetration_rural",
        "genai_rate_age_50plus",
        "genai_rate_edu_below_college",
    }


@pytest.mark.everyday(1)
@pytest.mark.parametrize("year", [2020, 2022, 2023, 2024])
def test_every_year__has_a_population(year):
    pop = Population.china(seed=2, scale=0.0005, year=year)
    assert pop.size == round(census.year_total(year)[0] * 0.0005)
    assert 76 < pop.parameter("internet_penetration")["value"].iloc[0] < 81


def test_expected_figures__hold_at_the_nation(pop):
    """Before any sampling of people: the model's expectation is the published size of netizens, to 1e-6."""
    model = pop.model
    use = (model.outcomes.use * model.covered).sum()
    assert use == pytest.approx(1_108_320_000, rel=1e-6)


def test_parameter__domains_add_up(pop):
    nation = pop.parameter("internet")["value"].iloc[0]
    for by in ("province", "urban", "sex", ["province", "education"], "prefecture"):
        assert pop.parameter("internet", by=by)["value"].sum() == nation
    assert (
        pop.parameter("internet", where={"province": "110000"})["value"].iloc[0]
        == pop.parameter("internet", by="province")["value"].iloc[0]
    )


def test_parameter__names_domains_as_text(pop):
    domains = list(pop.parameter("internet", by=["urban", "sex"])["domain"])
    assert domains == [
        "urban=rural, sex=male",
        "urban=rural, sex=female",
        "urban=urban, sex=male",
        "urban=urban, sex=female",
    ]


def test_parameter__refuses_unknown_names(pop):
    with pytest.raises(UnknownNameError, match="no variable"):
        pop.parameter("internets")
    with pytest.raises(UnknownNameError, match="cannot define a domain"):
        pop.parameter("internet", by="county")
    with pytest.raises(UnknownNameError, match="no label"):
        pop.parameter("internet", where={"province": "999999"})


def test_ids__outside_the_population_are_refused(pop):
    with pytest.raises(DataError, match="outside"):
        pop.persons([pop.size])
    with pytest.raises(DataError, match="whole numbers"):
        pop.persons([0.5])


@pytest.mark.parametrize(
    ("argument", "value"),
    [("scale", 0), ("scale", 2), ("year", 2021), ("seed", -1), ("seed", 1.5), ("residential_share", 0)],
)
def test_china__refuses_impossible_arguments(argument, value):
    with pytest.raises(SpecError, match=argument):
        Population.china(**{argument: value})


def test_parameter_cache__survives_damage(tmp_path):
    path = tmp_path / "table.npz"
    sums = parameters.Sums(np.arange(24).reshape(2, 3, 4), np.full(3, 2**40))
    parameters.save(path, "mark", sums)
    np.testing.assert_array_equal(parameters.load(path, "mark").persons, sums.persons)
    np.testing.assert_array_equal(parameters.load(path, "mark").status, sums.status)
    assert parameters.load(path, "mark").answers is None
    assert parameters.load(path, "another") is None
    path.write_bytes(path.read_bytes()[:40])
    assert parameters.load(path, "mark") is None
    assert parameters.load(tmp_path / "absent.npz", "mark") is None


def test_shipped_table__belongs_to_the_preset():
    from surveysim import SurveySpec

    pop = Population.china(**SurveySpec.preset("cnnic-2024-12").population.model_dump())
    assert pop.parameter_source == "shipped", "run `python3 run.py parameters` and commit the table"
    assert pop.parameter("netizens_size")["value"].iloc[0] == pytest.approx(110_832, rel=1e-4)
    assert pop.parameter("persons")["value"].iloc[0] == 1_409_670_000


@pytest.mark.long
def test_shipped_table__is_what_streaming_gives():
    from surveysim import SurveySpec

    pop = Population.china(**SurveySpec.preset("cnnic-2024-12").population.model_dump())
    streamed = parameters.by_zone(parameters.stream(pop.people), pop.people.area_zone)
    for name, table in streamed._asdict().items():
        np.testing.assert_array_equal(table, getattr(pop.sums(fine=False), name), err_msg=name)


def test_depths__agree(pop):
    """The three passes over everybody draw the same people."""
    cells, status = (parameters.stream(pop.people, depth) for depth in ("cells", "status"))
    everything = parameters.stream(pop.people, "answers", workers=1)
    np.testing.assert_array_equal(cells.persons, everything.persons)
    np.testing.assert_array_equal(status.status, everything.status)
    np.testing.assert_array_equal(status.lines, everything.lines)
    assert (cells.depth, status.depth, everything.depth) == ("cells", "status", "answers")


def test_parameter__of_any_label_column_is_what_persons_say(pop):
    """Columns outside the tables look at every person; the answers equal a group-by over a province's people."""
    people = pop.persons(np.concatenate([np.asarray(ids) for ids in pop.blocks(24, 10**9)]))
    where = {"province": pop.strata[24]}
    for by in ("household_size", "age", "n_mobile", "app_ride_hailing", ["sector", "internet"]):
        found = pop.parameter("internet*urban", by=by, where=where).set_index("domain")["value"]
        y = people["internet"] & (people["urban"] == "urban")
        expected = y.groupby([people[c] for c in np.atleast_1d(by)], observed=True).sum()
        names = [
            ", ".join(f"{c}={v}" for c, v in zip(np.atleast_1d(by), np.atleast_1d(label))) for label in expected.index
        ]
        np.testing.assert_array_equal(found.loc[names], expected.to_numpy(), err_msg=str(by))
        assert len(found) == len(names)
    one = pop.parameter("weekly_hours/internet", where={**where, "app_ride_hailing": True, "age": [30, 31]})
    chosen = people[people["app_ride_hailing"] & people["age"].isin([30, 31])]
    assert one["value"].iloc[0] == pytest.approx(chosen["weekly_hours"].sum() / chosen["internet"].sum())
    lines = pop.parameter("landlines", by="n_lines", where=where)["value"]
    assert lines.sum() == people.drop_duplicates("household_id")["n_lines"].sum()


def test_parameter__of_status_columns_needs_no_second_look(pop):
    by_status = pop.parameter("persons", by=["n_mobile", "n_lines"], where={"urban": "rural"})
    assert by_status["value"].sum() == pop.parameter("persons", where={"urban": "rural"})["value"].iloc[0]
    assert by_status["domain"].iloc[0] == "n_mobile=0, n_lines=0"


def test_age_groups__leave_out_children_under_6(pop):
    groups = pop.parameter("persons", by="age_group")
    assert list(groups["domain"]) == [
        f"age_group={g}" for g in ("6-9", *(f"{a}-{a + 9}" for a in range(10, 70, 10)), "70+")
    ]
    everybody = pop.parameter("persons")["value"].iloc[0]
    under_6 = pop.sums("cells").persons[:, :, :3].sum()
    assert groups["value"].sum() == everybody - under_6


def test_persons__give_the_columns_asked_for(pop):
    some = pop.persons([5, 3], columns=["age", "internet", "app_ride_hailing"])
    assert list(some) == ["age", "internet", "app_ride_hailing"]
    assert some.equals(pop.persons([5, 3])[list(some)])
    with pytest.raises(UnknownNameError, match="no column 'income'"):
        pop.persons([1], columns=["income"])


@pytest.mark.statistical
def test_partners__are_of_the_other_sex_and_of_like_age(pop):
    homes = pop.households(np.arange(0, pop.n_households, 211))
    kinds = pop.people.class_kind[np.searchsorted(pop.people.class_household, homes["household_id"], "right") - 1]
    homes = homes[np.isin(kinds, [k for k, seats in enumerate(SEATS) if seats.startswith("hp")])]
    head = pop.persons(homes["first_person_id"].to_numpy())
    second = pop.persons(homes["first_person_id"].to_numpy() + 1)
    adults = (second["age"] >= 20).to_numpy()
    assert adults.mean() > 0.75
    assert (head["sex"].to_numpy() != second["sex"].to_numpy())[adults].mean() > 0.85
    assert np.corrcoef(head["age"][adults], second["age"][adults])[0, 1] > 0.6
    schooling = [t["education"].cat.codes.to_numpy() for t in (head, second)]
    like = adults & (head["age"] >= 30).to_numpy() & (head["age"] < 45).to_numpy()
    assert stats.spearmanr(schooling[0][like], schooling[1][like]).statistic > 0.3


@pytest.mark.statistical
def test_landlines__are_commoner_with_older_heads(pop):
    homes = pop.households(np.arange(0, pop.n_households, 101))
    homes = homes[homes["kind"] == "family"]
    age = pop.persons(homes["first_person_id"].to_numpy())["age"]
    line = (homes["n_lines"] > 0).to_numpy()
    young, old = line[age < 35].mean(), line[age >= 65].mean()
    assert old > 2 * young


@pytest.mark.statistical
def test_intraclass_correlations__are_those_asked_for():
    """Of the trait, on the normal scale: two members of a household, two people of a prefecture, within 4 standard errors."""
    from scipy import special

    def correlation(pop, first, second):
        scores = special.ndtri((np.arange(16) + 0.5) / 16)
        a, b = (scores[pop.attributes(ids).trait] for ids in (first, second))
        return np.corrcoef(a, b)[0, 1]

    rng = np.random.default_rng(8)
    for household, prefecture in ((0.25, 0.02), (0.6, 0.0), (0.0, 0.3)):
        pop = Population.china(seed=12, scale=0.01, household_icc=household, prefecture_icc=prefecture)
        homes = pop.households(np.arange(0, pop.n_households, 11))
        homes = homes[homes["household_size"] > 1]["first_person_id"].to_numpy()
        together = correlation(pop, homes, homes + 1)
        expected = household + (1 - household) * prefecture
        assert abs(together - expected) < 4 / np.sqrt(len(homes)) + 0.03 * expected, (household, prefecture)
        people = pop.people
        place = rng.integers(0, 734, 400_000)
        begin = np.concatenate([people.class_person[np.searchsorted(people.class_area, np.arange(735))]])
        wide = begin[place + 1] > begin[place] + 1
        first, second = (
            (begin[place] + rng.random(len(place)) * (begin[place + 1] - begin[place])).astype(np.int64)[wide]
            for _ in range(2)
        )
        apart = correlation(pop, first, second)
        assert abs(apart - prefecture) < 4 / np.sqrt(wide.sum()) + 0.25 * prefecture, (household, prefecture)


@pytest.mark.statistical
def test_lines_and_shared_draws__are_independent_of_the_heads_own(pop):
    """They come from the unused halves of the head's words: chi-square of lines against the head's trait and use."""
    homes = pop.households(np.arange(0, pop.n_households, 37))
    homes = homes[homes["kind"] == "family"]
    a = pop.attributes(homes["first_person_id"].to_numpy())
    inside = (a.age >= 30) & (a.age < 50)
    table = np.zeros((16, 2))
    np.add.at(table, (a.trait[inside], (a.n_lines[inside] > 0).astype(int)), 1)
    assert stats.chi2_contingency(table)[1] > 1e-4


def test_to_parquet__streams_resumes_and_refuses(tmp_path):
    import pandas as pd

    pop = Population.china(seed=3, scale=0.0005)
    folder, where = tmp_path / "people", {"province": ["110000", "540000"], "internet": True}
    columns = ["person_id", "age", "education", "internet"]
    count = pop.to_parquet(folder, where=where, columns=columns)
    table = pd.read_parquet(folder)
    assert list(table) == [*columns, "province"]
    assert len(table) == count == pop.parameter("internet", where={"province": where["province"]})["value"].iloc[0]
    assert table["internet"].all()
    parts = sorted(folder.rglob("*.parquet"))
    before, lost = {p: p.read_bytes() for p in parts}, parts[0]
    stamp = parts[1].stat().st_mtime_ns
    lost.unlink()
    assert pop.to_parquet(folder, where=where, columns=columns) == count
    assert {p: p.read_bytes() for p in sorted(folder.rglob("*.parquet"))} == before
    assert parts[1].stat().st_mtime_ns == stamp, "what is there stays"
    with pytest.raises(DataError, match="another columns"):
        pop.to_parquet(folder, where=where, columns=["age"])
    with pytest.raises(DataError, match="another population"):
        Population.china(seed=4, scale=0.0005).to_parquet(folder, where=where, columns=columns)
    with pytest.raises(DataError, match="holds other files"):
        pop.to_parquet(tmp_path)


@pytest.mark.statistical
def test_weekly_hours__go_with_the_trait_but_are_not_it(pop):
    """Loading 0.5 on the normal scale, inside one cell of people; many different values."""
    people = pop.persons(np.arange(0, pop.size, 5))
    inside = people["internet"] & (people["urban"] == "urban") & people["age"].between(30, 39)
    hours = people.loc[inside & (people["education"] == "college_plus"), "weekly_hours"]
    trait = pop.attributes(hours.index.to_numpy() * 5).trait
    assert 0.4 < stats.spearmanr(hours, trait).statistic < 0.6
    assert hours.nunique() > 300


def test_parameter__ratio_and_its_inverse_are_different_questions(pop, tmp_path, monkeypatch):
    """Also across processes: what is kept on disk is kept under the question as it was asked."""
    monkeypatch.setenv("SURVEYSIM_CACHE", str(tmp_path))
    where = {"province": "540000"}
    for _ in range(2):
        fresh = Population.china(seed=5, scale=0.01)
        one = fresh.parameter("internet/persons", by="household_size", where=where)["value"]
        other = fresh.parameter("persons/internet", by="household_size", where=where)["value"]
        np.testing.assert_allclose(one * other, 1, rtol=1e-12)
        assert (one < 1).all()
    assert len(list(tmp_path.glob("domains-*.npz"))) == 2


def test_parameter__refuses_what_it_cannot_read(pop):
    with pytest.raises(DataError, match="2 fraction bars"):
        pop.parameter("internet/persons/persons")
    with pytest.raises(DataError, match="names 2 summed variables"):
        pop.parameter("app_ride_hailing*app_short_video")
    with pytest.raises(DataError, match="give a dict"):
        pop.parameter("internet", where="province")
    assert pop.parameter("internet", where={"province": set()})["value"].tolist() == [0.0]


def test_parameter__takes_labels_and_columns_in_any_collection(pop):
    import pandas as pd

    where = {"province": "540000"}
    listed = pop.parameter("persons", where={**where, "age": [18, 19, 20]})["value"].iloc[0]
    for ages in (range(18, 21), np.array([18, 19, 20]), pd.Series([18, 19, 20]), {18, 19, 20}, ("18", "19", "20")):
        assert pop.parameter("persons", where={**where, "age": ages})["value"].iloc[0] == listed
    assert len(pop.parameter("persons", by=pd.Index(["sex", "urban"]))) == 4


def test_cache__that_cannot_be_written_costs_a_warning_not_the_answer(monkeypatch):
    from surveysim import SurveysimWarning

    monkeypatch.setenv("SURVEYSIM_CACHE", "/dev/null/nowhere")
    fresh = Population.china(seed=6, scale=0.01)
    with pytest.warns(SurveysimWarning, match="cannot be kept in /dev/null/nowhere"):
        value = fresh.parameter("persons")["value"].iloc[0]
    assert value == fresh.size
    assert fresh.parameter("persons")["value"].iloc[0] == value


def test_cache__notices_any_damage(tmp_path):
    """Every tenth byte flipped in turn: the sums come back whole or not at all."""
    path, rng = tmp_path / "t.npz", np.random.default_rng(1)
    cache.save(path, "mark", {"persons": rng.integers(0, 99, 50), "lines": rng.integers(0, 9, 5)})
    whole, expected = path.read_bytes(), cache.load(path, "mark")
    for at in range(0, len(whole), 10):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        found = cache.load(path, "mark")
        assert found is None or all((found[name] == expected[name]).all() for name in expected)


def test_empty_and_odd_ids(pop, mobile):
    assert len(pop.persons([])) == len(pop.households([])) == len(mobile.numbers_of([])) == len(mobile.owner([])) == 0
    for ids in ([[1, 2]], 5):
        with pytest.raises(DataError, match="ids must be one list"):
            pop.persons(ids)
    with pytest.raises(DataError, match="because of leading zeros"):
        mobile.owner([13800138000])
    with pytest.raises(DataError, match="n = -1"):
        mobile.random_numbers("110000", -1, np.random.default_rng(1))
    with pytest.raises(DataError, match="numpy Generator"):
        mobile.random_numbers("110000", 1, 5)


def test_arguments__of_any_numeric_type_make_the_same_population():
    plain = Population.china(seed=1, scale=0.001, year=2023)
    assert Population.china(seed=np.int64(1), scale=np.float64(0.001), year=2023.0).fingerprint == plain.fingerprint
    for bad in ({"scale": "0.001"}, {"household_icc": None}, {"seed": True}, {"seed": float("nan")}):
        with pytest.raises(SpecError, match=next(iter(bad))):
            Population.china(**bad)


def test_to_parquet__claims_a_folder_only_for_what_can_be_written(tmp_path):
    import pandas as pd

    pop, folder = Population.china(seed=3, scale=0.0001), tmp_path / "p"
    for bad in (
        {"columns": ["agee"]},
        {"where": {"sex": "Female"}},
        {"columns": ["province"]},
        {"where": {"person_id": 5}},
    ):
        with pytest.raises((DataError, UnknownNameError)):
            pop.to_parquet(folder, **bad)
    (tmp_path / "p").mkdir(exist_ok=True)
    (folder / ".left.tmp").write_bytes(b"half")
    count = pop.to_parquet(folder, where={"province": ["540000", "110000", "110000"]}, columns=["age"])
    assert count == pop.parameter("persons", where={"province": ["110000", "540000"]})["value"].iloc[0]
    part = next(folder.rglob("*.parquet"))
    part.write_bytes(b"damaged")
    assert pop.to_parquet(folder, where={"province": {"110000", "540000"}}, columns=["age"]) == count
    assert len(pd.read_parquet(folder)) == count
    (folder / "_population.json").write_text("")
    with pytest.raises(DataError, match="is damaged"):
        pop.to_parquet(folder, where={"province": {"110000", "540000"}}, columns=["age"])


@pytest.mark.statistical
def test_people__are_independent_across_ids(pop):
    """Heads of neighbouring households: age group by age group, and use by use, inside one area; chi-square at 1e-4."""
    people = pop.people
    classes = np.nonzero(people.class_kind == SEATS.index("hp"))[0]
    largest = classes[np.argmax(np.diff(people.class_household)[classes])]
    first = people.class_person[largest] + 2 * np.arange(
        people.class_household[largest + 1] - people.class_household[largest]
    )
    a = pop.attributes(first)
    owner = (a.n_mobile > 0).astype(
        int
    )  # who is a candidate for a second number goes by cycles, so that numbers can be counted
    for column, levels in ((people.cell_age[a.cell], 20), (a.trait, 16), (owner, 2), (a.internet.astype(int), 2)):
        for lag in (1, 2, 61):
            table = np.zeros((levels, levels))
            np.add.at(table, (column[:-lag], column[lag:]), 1)
            table = table[table.sum(axis=1) > 50][:, table.sum(axis=0) > 50]
            assert stats.chi2_contingency(table)[1] > 1e-4, (levels, lag)
