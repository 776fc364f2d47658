"""Selection with given probabilities, and surveys of selected prefectures."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import surveysim as ss
from surveysim import reference
from surveysim.errors import DesignError
from surveysim.survey.preparation import prepare

FIXED = ("systematic", "pps_systematic", "sampford", "brewer", "pivotal")
P = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 1.0])  # sums to 4


def test_inclusion_probabilities__hand_worked():
    """2 of sizes 1, 1, 2, 8: the last is certain, then 1 of 1, 1, 2."""
    assert ss.inclusion_probabilities([1, 1, 2, 8], 2).tolist() == [0.25, 0.25, 0.5, 1.0]
    assert ss.inclusion_probabilities([5, 5, 0], 2).tolist() == [1, 1, 0]
    assert ss.inclusion_probabilities([3, 1], 0).tolist() == [0, 0]


@given(st.lists(st.floats(0.01, 1000), min_size=1, max_size=30), st.data())
def test_inclusion_probabilities__sum_to_n_and_follow_size(size, data):
    n = data.draw(st.integers(0, len(size)))
    p = ss.inclusion_probabilities(size, n)
    assert p.sum() == pytest.approx(n)
    assert np.all((p >= 0) & (p <= 1))
    open_ = p < 1
    if n and open_.sum() > 1:
        ratio = p[open_] / np.array(size)[open_]
        assert np.ptp(ratio) <= 1e-9 * ratio.max()


@given(
    st.lists(st.floats(0.05, 5), min_size=3, max_size=12),
    st.integers(1, 3),
    st.integers(0, 2**31),
    st.sampled_from(FIXED),
)
def test_select__as_many_as_the_probabilities_sum_to_and_the_certain_ones(size, n, seed, method):
    p = ss.inclusion_probabilities(size, n)
    chosen = ss.select(p, method, rng=seed)
    assert len(chosen) == len(set(chosen.tolist())) == n
    assert set(np.flatnonzero(p == 1)) <= set(chosen.tolist())
    assert chosen.tolist() == sorted(chosen.tolist())
    assert ss.select(p, method, rng=seed).tolist() == chosen.tolist()


def test_select__systematic_by_hand():
    """Cumulated 0.25, 0.5, 1, 2: a start of 0.3 falls into the second and, one later, into the fourth stretch."""
    assert ss.select([0.25, 0.25, 0.5, 1.0], start=0.3).tolist() == [1, 3]
    assert ss.select([0.25, 0.25, 0.5, 1.0], start=0.0).tolist() == [0, 3]
    assert ss.select([0.5, 0.5, 0.5], start=0.9).tolist() == [1]  # the size is 1 or 2
    assert ss.select([0.5, 0.5, 0.5], start=0.2).tolist() == [0, 2]
    assert ss.select(np.full(10, 0.1) * 3, start=0.0).tolist() == [0, 3, 6]  # floats that do not sum to 3 exactly


@pytest.mark.everyday(4)
@pytest.mark.statistical
@pytest.mark.parametrize("method", [*FIXED, "poisson"])
def test_select__first_order_probabilities(method):
    """20,000 samples: shares within 4.5 Monte Carlo errors."""
    rng, R = np.random.default_rng(11), 20_000
    count = np.zeros(len(P))
    for _ in range(R):
        count[ss.select(P, method, rng)] += 1
    off = (count / R - P)[:-1] / np.sqrt(P * (1 - P) / R)[:-1]
    assert np.abs(off).max() < 4.5
    assert count[-1] == R


def sampford_pairs(p):
    """Joint probabilities of Sampford's design from its definition: π_first ∝ p, others ∝ p / (1 - p), all different."""
    n, lam = round(p.sum()), p / (1 - p)
    weight = {s: np.prod(lam[list(s)]) * sum(1 - p[i] for i in s) for s in combinations(range(len(p)), n)}
    joint, total = np.zeros((len(p), len(p))), sum(weight.values())
    for s, w in weight.items():
        joint[np.ix_(s, s)] += w / total
    return joint


@pytest.mark.statistical
def test_select__sampford_has_its_joint_probabilities():
    """Sampford (1967): enumerated over all samples; the diagonal gives the probabilities back, exactly."""
    p = np.array([0.2, 0.4, 0.5, 0.9])
    exact = sampford_pairs(p)
    np.testing.assert_allclose(np.diag(exact), p, rtol=1e-12)
    rng, R = np.random.default_rng(3), 20_000
    found = np.zeros((4, 4))
    for _ in range(R):
        s = ss.select(p, "sampford", rng)
        found[np.ix_(s, s)] += 1 / R
    assert np.abs((found - exact) / np.sqrt(exact * (1 - exact) / R)).max() < 4.5


@pytest.mark.statistical
def test_select__srs_takes_every_sample_alike():
    rng, count = np.random.default_rng(5), {}
    for _ in range(12_000):
        s = tuple(ss.select(np.full(4, 0.5), "srs", rng).tolist())
        count[s] = count.get(s, 0) + 1
    assert len(count) == 6
    assert np.abs((np.array(list(count.values())) - 2000) / np.sqrt(12_000 / 6 * 5 / 6)).max() < 4.5


@pytest.mark.parametrize(
    ("given_", "words"),
    [
        ({"probability": [0.5, 1.2]}, "from 0 to 1"),
        ({"probability": [0.5, 0.2], "method": "brewer"}, "sum to 0.7"),
        ({"probability": [0.5, 0.2, 0.3], "method": "srs"}, "the probabilities differ"),
        ({"probability": [0.5, 0.5], "method": "best"}, "choose one of systematic"),
        ({"probability": [0.5, 0.5], "method": "srs", "start": 0.1}, "is for systematic"),
        ({"probability": [[0.5, 0.5]]}, "one-dimensional"),
    ],
)
def test_select__refuses(given_, words):
    with pytest.raises(DesignError, match=words):
        ss.select(**given_)
    with pytest.raises(DesignError, match="at most the 1 with a size"):
        ss.inclusion_probabilities([1, 0], 2)


SPEC = ss.SurveySpec.preset(
    "cnnic-2024-12",
    population={"scale": 0.05},
    sample={"prefectures": 3, "interviews": 9300, "minimum_per_province": 200},
)


def test_prefectures__three_a_province_and_everybody_counted_once():
    prep = prepare(SPEC)
    drawn = prep.design.draw(np.random.default_rng(1))
    per_province = np.bincount(prep.design.province, drawn.taken, 31)
    have = np.bincount(prep.design.province, minlength=31)
    assert per_province.tolist() == np.minimum(have, 3).tolist()
    assert (drawn.targets[:, ~drawn.taken] == 0).all()
    np.testing.assert_array_equal(
        *(np.stack([np.bincount(d.province, row, 31) for row in d.targets]) for d in (prep.design, drawn))
    )
    stratum = drawn.stratum[:, drawn.taken & (drawn.probability < 1)]
    assert (stratum[0] == stratum[1]).all()  # both frames' interviews of a unit are one PSU
    _, size = np.unique(stratum[0], return_counts=True)
    assert size.min() >= 2


@pytest.mark.parametrize("prefectures", [2, 5, 9, 12, 14, 20, 30])
def test_prefectures__any_number_can_be_drawn(prefectures):
    """Units with probabilities near 1 are no trouble for an exact draw."""
    small = SPEC.model_copy(update={"sample": SPEC.sample.model_copy(update={"prefectures": prefectures})})
    design = prepare(small).design
    for seed in range(3):
        drawn = design.draw(np.random.default_rng(seed))
        have = np.bincount(design.province, minlength=31)
        assert np.bincount(design.province, drawn.taken, 31).tolist() == np.minimum(have, prefectures).tolist()


def test_prefectures__certain_units_are_never_alone_with_units_taken_by_chance():
    design = prepare(SPEC.model_copy(update={"sample": SPEC.sample.model_copy(update={"prefectures": 5})})).design
    made = design.draw(np.random.default_rng(1))
    certain = made.taken & (made.probability == 1)
    for unit in np.flatnonzero(certain)[:12]:
        interviews = made.targets.copy()
        interviews[0, unit] = 1
        stratum = design.strata_of(interviews)
        assert not set(stratum[0, certain]) & set(stratum[0, made.taken & (made.probability < 1)])


def test_prefectures__weights_say_what_was_selected_and_add_up():
    """The weight of a number is divided by the probability of its unit, so that the frames are met in expectation."""
    run = SPEC.run(seed=5, record=False)
    table = run.weights.table
    pi = run.interviews["unit_probability"].to_numpy()
    np.testing.assert_allclose(table["selection_weight"], table["design_weight"] / pi)
    assert (pi < 1).any()
    again = SPEC.run(seed=5, record=False)
    np.testing.assert_array_equal(again.weights.final, run.weights.final)
    chance = run.interviews[pi < 1]
    psus = chance.groupby("stratum")["psu"].nunique()
    assert psus.between(2, 6).all()
    with pytest.raises(ss.SpecError, match="are not independent samples"):
        run.dual_frame()


@pytest.mark.statistical
def test_prefectures__estimates_are_without_bias_and_errors_with_it():
    """60 repetitions, complete response: bias of penetration within 4 Monte Carlo errors, model over empirical error near 1."""
    keys = {
        "extends": "cnnic-2024-12",
        "population": {"scale": 0.05},
        "sample": {"prefectures": 3, "interviews": 9300, "minimum_per_province": 200},
        "stages": {"nonresponse": False},
        "study": {"repetitions": 60},
        "estimands": [{"name": "penetration", "numerator": "internet", "denominator": "persons"}],
    }
    table = ss.Study(keys).run(progress=False).performance().set_index("measure")
    assert abs(table.loc["bias", "value"]) < 4 * table.loc["bias", "mcse"]
    assert abs(table.loc["relerror", "value"]) < 4 * table.loc["relerror", "mcse"]


def test_prefectures__a_study_has_the_same_bytes_with_any_workers():
    keys = {
        "extends": "cnnic-2024-12",
        "population": {"scale": 0.05},
        "sample": {"prefectures": 4, "interviews": 9300, "minimum_per_province": 200},
        "study": {"repetitions": 6},
        "estimands": [{"name": "penetration", "numerator": "internet", "denominator": "persons"}],
    }
    one, two = (ss.Study(keys).run(workers=w, progress=False).to_frame() for w in (1, 2))
    assert one.equals(two)


def test_control_year__totals_of_another_year():
    spec = ss.SurveySpec.preset(
        "cnnic-2024-12",
        population={"scale": 0.02, "year": 2024},
        sample={"interviews": 9300, "minimum_per_province": 200},
    )
    sums = {}
    for year in (None, 2024, 2020):
        changed = spec.model_copy(update={"weighting": spec.weighting.model_copy(update={"control_year": year})})
        sums[year] = prepare(changed).recipe.steps[-1].margins.total
    np.testing.assert_array_equal(sums[None], sums[2024])
    old = sums[2020].sum(axis=0)
    names = [level for _, level in (prepare(spec).recipe.steps[-1].margins.name(c) for c in range(len(old)))]
    old, new = (dict(zip(names, sums[year].sum(axis=0), strict=True)) for year in (2020, 2024))
    share = sum(old[age] for age in ("60-69", "70+")) / sum(new[age] for age in ("60-69", "70+"))
    assert share < 0.9  # 264 million at the census, 310 million at the end of 2024
    assert len(reference.provinces()) == len(sums[2020])
