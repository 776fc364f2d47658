"""Scenarios: named changes times a grid, with names that tell them apart."""

from surveysim import Study


def names(**keys):
    return Study(keys).scenarios


def test_scenarios__are_the_product_of_changes_and_grid():
    plain = {"grid": {"sample.landline_share": [0.0, 0.3]}}
    assert names(**plain) == ["landline_share=0.0", "landline_share=0.3"]
    two = [{"name": "a"}, {"name": "b", "changes": {"population": {"year": 2024}}}]
    found = Study(plain | {"scenarios": two})
    assert found.scenarios == [
        "a, landline_share=0.0",
        "a, landline_share=0.3",
        "b, landline_share=0.0",
        "b, landline_share=0.3",
    ]
    assert found.varied[3] == {"sample.landline_share": 0.3}


def test_keys_that_end_alike__keep_their_whole_name():
    grid = {"fieldwork.landline.contact": [0.3, 0.4], "fieldwork.mobile.contact": [0.5, 0.6]}
    assert names(grid=grid)[0] == "fieldwork.landline.contact=0.3, fieldwork.mobile.contact=0.5"
