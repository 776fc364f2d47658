"""One repetition of a country that is a folder of facts: where its time goes, against drawing as many people."""

import numpy as np
from measuring import best, row

import surveysim as ss
from surveysim.survey import country


def bench():
    prep = ss.SurveySpec.preset("us-rdd-2013").prepare()
    done = country.field_work(prep, 1, 0)
    weights = prep.recipe.apply(done.table)
    numbers = int(done.counts.drop(columns=["frame", "stratum"]).to_numpy().sum())
    field = best(lambda: country.field_work(prep, 1, 0), 3)
    weighting = best(lambda: prep.recipe.apply(done.table), 3)
    estimating = best(lambda: country.estimated(prep, done.table, country.survey_of(prep, done.table, weights)), 3)
    ids = np.random.default_rng(1).integers(0, prep.pop.size, numbers)
    people = best(lambda: prep.pop.n_numbers("mobile", ids), 3)
    parts = f": fieldwork {1e3 * field:.0f}, weights {1e3 * weighting:.0f}, estimates {1e3 * estimating:.0f}"
    what = (
        f"one repetition of us-rdd-2013, one core: {numbers:,} numbers, 2,001 interviews, single-frame weights, raking"
    )
    return [row(what, field + weighting + estimating, f"{numbers:,} people and their households drawn", people, parts)]
