"""A study's CSV table keeps codes as they are written: 01 and 1 are two levels."""

import pandas as pd

from surveysim.study.table_sample import read_table


def test_read_table__codes_with_leading_zeros_stay_text(tmp_path):
    (tmp_path / "t.csv").write_text(
        "region,zip,y,n,share\n01,00501,1,10,0.5\n1,10001,2.5,20,0\n02,00501,3,,0.25\n", encoding="utf-8"
    )
    found = read_table("t.csv", tmp_path)
    assert list(found["region"]) == ["01", "1", "02"]
    assert list(found["zip"]) == ["00501", "10001", "00501"]
    assert found["y"].dtype == float
    assert found["share"].dtype == float
    assert found["n"].isna().tolist() == [False, False, True]


def test_read_table__other_tables_are_as_before(tmp_path):
    data = pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": [True, False], "d": [0, -0.5]})
    data.to_csv(tmp_path / "t.csv", index=False)
    data.to_csv(tmp_path / "t.csv.gz", index=False)
    for name in ("t.csv", "t.csv.gz"):
        pd.testing.assert_frame_equal(read_table(name, tmp_path), pd.read_csv(tmp_path / name))


def test_study__strata_01_and_1_are_two(tmp_path, monkeypatch):
    from surveysim import Study

    monkeypatch.chdir(tmp_path)
    rows = [("01", k % 5) for k in range(60)] + [("1", 100 + k % 5) for k in range(60)]
    (tmp_path / "t.csv").write_text("h,y\n" + "".join(f"{h},{y}\n" for h, y in rows), encoding="utf-8")
    (tmp_path / "s.toml").write_text(
        '[study]\nrepetitions = 6\nseed = 1\n[population]\ntable = "t.csv"\n[sample]\nn = 20\nstrata = "h"\n'
        '[[estimands]]\nname = "y"\nnumerator = "y"\nkind = "mean"\n',
        encoding="utf-8",
    )
    found = Study.from_toml(tmp_path / "s.toml").run().performance().set_index("measure")["value"]
    assert found["empse"] < 1  # one stratum of both has a standard deviation of 50
