"""The whole audit: its parts agree, its text and files say what they have."""

import pandas as pd
import pytest

import surveysim as ss
from surveysim import audit


@pytest.fixture(scope="module")
def whole():
    return audit.audited((22_047, 60_000))


def test_parts__are_those_that_are_made_one_by_one(whole):
    pd.testing.assert_frame_equal(whole.margins, ss.published_margins())
    pd.testing.assert_frame_equal(whole.changes, ss.published_changes(margins=whole.margins))
    pd.testing.assert_frame_equal(whole.sizes, audit.published_sizes((22_047, 60_000)))
    pd.testing.assert_frame_equal(whole.verdict.table, audit.change_verdict((22_047, 60_000)).table)


def test_text__ends_with_the_verdict_and_counts_what_is_wide(whole):
    text = whole.text()
    assert text.endswith(whole.verdict.sentence())
    for row in whole.sizes.itertuples():
        assert f"{row.wide} of {row.rates}" in text
        assert f"{row.wide_groups} of {row.group_rates}" in text
    assert "互联网普及率" in whole.text("zh")


def test_files__have_the_tables(whole, tmp_path):
    whole.save(tmp_path / "out")
    for name, table in whole.tables.items():
        assert len(pd.read_csv(tmp_path / "out" / f"{name}.csv")) == len(table)
    assert (tmp_path / "out" / "margins.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_modelled_survey__gives_the_errors_of_sizes_and_verdict():
    sample = {"minimum_per_province": 0, "minimum_per_unit": 2}
    spec = ss.SurveySpec.preset("cnnic-2024-12", population={"scale": 0.01}, sample=sample)
    ticks = []
    found = audit.audited((3000, 6000), repetitions=6, spec=spec, progress=ticks.append)
    assert sum(ticks) == 12
    assert set(found.sizes["errors"]) == {"simple", "design"}
    assert found.verdict.table["errors"].tolist() == ["stated"] * 2 + ["design"] * 4
    design = found.sizes[found.sizes["errors"] == "design"].set_index("n")["widest_group"]
    assert design[3000] > design[6000]
