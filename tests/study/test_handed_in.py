"""Tables and estimators that are handed in: of every kind, and each with what is its own."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import surveysim as ss
from surveysim.errors import SpecError, StudyError

PEOPLE = pd.DataFrame({"g": list("ab") * 200, "y": np.arange(400) % 3 / 2})
KEYS = {"study": {"repetitions": 4}, "sample": {"n": 50}, "estimands": [{"name": "y", "numerator": "y"}]}


def estimates(result, method):
    return result.to_frame(where={"method": method})["estimate"].to_numpy()


def test_methods__one_does_not_see_what_another_did_to_the_table():
    def vandal(sample):
        sample.interviews["y"] = 0.0
        sample.survey.data["g"] = "a"
        return {"y": 1.0}

    def honest(sample):
        assert set(sample.interviews["g"]) == {"a", "b"}
        return {"y": sample.survey.mean("y")}

    keys = KEYS | {"methods": [{"name": "built in", "variance": "jk1"}]}
    alone = ss.Study(keys, table=PEOPLE).run(progress=False)
    both = ss.Study(keys, methods={"vandal": vandal, "honest": honest}, table=PEOPLE).run(progress=False)
    np.testing.assert_array_equal(estimates(both, "built in"), estimates(alone, "built in"))
    np.testing.assert_allclose(estimates(both, "honest"), estimates(alone, "built in"))


@pytest.mark.parametrize("kind", ["polars", "pyarrow"])
def test_table__of_every_kind(kind):
    frame = pl.from_pandas(PEOPLE)
    table = frame if kind == "polars" else frame.to_arrow()
    found, wanted = (ss.Study(KEYS, table=t).run(progress=False).to_frame() for t in (table, PEOPLE))
    pd.testing.assert_frame_equal(found, wanted)
    with pytest.raises(SpecError, match="list; give a pandas"):
        ss.Study(KEYS, table=[1, 2])


def test_plugin__estimates_with_domains():
    keys = KEYS | {"estimands": [{"name": "y", "numerator": "y", "by": ["g"]}]}
    study = ss.Study(keys, methods={"mine": lambda sample: {"y": sample.survey.mean("y", by="g")}}, table=PEOPLE)
    table = study.run(progress=False).to_frame()
    assert table["estimate"].notna().all()
    assert set(table["domain"]) == {"g=a", "g=b"}
    wrong = ss.Study(KEYS, methods={"mine": lambda sample: {"y": sample.survey.mean("y", by="g")}}, table=PEOPLE)
    with pytest.raises(StudyError, match="no estimand of the study"):
        wrong.run(progress=False)
