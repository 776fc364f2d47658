"""Control totals of margins and crosses against a second version that looks every cell up."""

import itertools

import numpy as np
import pytest

from naive.control_totals import totals
from surveysim.columns import AGE_STARTS, AGES_FIRST, EDUCATION, EDUCATION_4_FIRST, SEX, URBAN
from surveysim.survey.margins import margins_of
from surveysim.survey.spec import WeightingSpec

ORDER = {"urban": list(URBAN), "sex": list(SEX), "age_group": list(AGE_STARTS), "education": list(EDUCATION)}


@pytest.mark.parametrize(
    ("margins", "ages", "educations"),
    [
        (("sex", "age_group", "education", "urban"), AGES_FIRST, EDUCATION_4_FIRST),
        (("sex", ("sex", "age_group"), "urban"), (6, 15, 30, 45, 60), EDUCATION_4_FIRST),
        ((("education", "sex"), ("age_group", "urban")), (6, 50, 85), ("no_schooling", "senior_secondary")),
        ((("sex", "age_group", "education", "urban"),), (6, 40), ("no_schooling", "primary", "bachelor_plus")),
    ],
)
def test_totals__are_the_sums_of_the_cells(margins, ages, educations):
    rng = np.random.default_rng(len(margins))
    table = rng.gamma(1.0, 1000.0, (31, 2, 2, 20, 7))
    found = margins_of(table, WeightingSpec(margins=margins, age_group=ages, education=educations))
    at = itertools.product(range(31), *(enumerate(ORDER[name]) for name in ORDER))
    cells = [
        {
            "province": p,
            "urban": u[1],
            "sex": s[1],
            "age_group": a[1],
            "education": e[1],
            "persons": table[p, u[0], s[0], a[0], e[0]],
        }
        for p, u, s, a, e in at
    ]
    groups = {"urban": URBAN, "sex": SEX, "age_group": ages, "education": educations}
    keys = [(margin,) if isinstance(margin, str) else margin for margin in margins]
    expected = totals(cells, keys, groups, ORDER)
    for p, row in enumerate(found.total):
        own = [value for key in keys for value in expected[p][key].values()]
        np.testing.assert_allclose(row, own, rtol=1e-12)
