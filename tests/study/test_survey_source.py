"""Repetitions of a survey: methods by replicates and of two frames, in domains."""

import numpy as np

from surveysim import Study


def test_replicates_and_dual_frames_by_domain__agree_with_the_linearized_recipe(spec):
    """The same estimates from replicates, and for every method an error in every domain that has one."""
    thick = {"weighting": {"minimum_per_level": 10}}  # or a replicate loses an age of a province
    data = spec.model_dump() | thick | {"study": {"repetitions": 2}}
    data |= {"estimands": [{"name": "p", "numerator": "internet", "denominator": "persons", "by": ["urban"]}]}
    data |= {
        "methods": [
            {"name": "plain"},
            {"name": "boot", "variance": "rao-wu", "replicates": 40},
            {"name": "percentile", "variance": "rao-wu", "replicates": 40, "interval": "percentile"},
            {"name": "hartley", "estimator": "hartley"},
        ]
    }
    found = Study(data).run()
    assert found.failures.empty
    table = found.to_frame().pivot(
        index=["repetition", "domain"], columns="method", values=["estimate", "se", "lower", "upper"]
    )
    np.testing.assert_allclose(table["estimate", "boot"], table["estimate", "plain"], rtol=1e-9)
    assert (table["se"] > 0).all(axis=None)
    assert (table["se", "boot"] / table["se", "plain"]).between(0.5, 2).all()
    assert (table["lower", "percentile"] < table["estimate", "percentile"]).all()
    assert (table["upper", "percentile"] > table["estimate", "percentile"]).all()
    assert (table["lower", "percentile"] != table["lower", "boot"]).all()
