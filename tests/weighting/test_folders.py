"""Folders of Parquet files: the weights that the same rows get in memory, whatever the files; what is refused."""

import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import surveysim as ss
from surveysim import CalibrationError, DataError, files
from surveysim.cli import main
from surveysim.files import parts
from surveysim.weighting import folders as dataset

N = 900


def made(seed=1, n=N):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"sex": rng.choice(["m", "f"], n), "age": rng.choice([1, 2, 3], n), "y": rng.normal(size=n)})
    return table.assign(region=pd.Categorical(rng.choice(list("nsw"), n)), w=rng.lognormal(0, 0.5, n))


def put(folder, table, cuts=(0, 1, 400, N), **options):
    folder.mkdir(parents=True)
    for k, (a, b) in enumerate(pairwise(cuts)):
        pq.write_table(
            pa.Table.from_pandas(table.iloc[a:b], preserve_index=False), folder / f"part-{k}.parquet", **options
        )
    return folder


def weights_in(folder, name="raked_weight"):
    return np.concatenate([pq.read_table(p)[name].to_numpy() for p in sorted(folder.rglob("*.parquet"))])


MARGINS = {"sex": {"m": 480, "f": 520}, "age": {"1": 300, "2": 300, "3": 400}, "region": {"n": 200, "s": 500, "w": 300}}


@pytest.mark.parametrize("batch", [7, 64, 131_072])
@pytest.mark.parametrize("cuts", [(0, N), (0, 1, 400, N), (0, 300, 300, N)])
def test_rake_folder__is_rake_of_the_same_rows(batch, cuts, tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "BATCH", batch)
    monkeypatch.setattr(dataset, "BLOCK", batch)
    table, heard = made(), []
    source = put(tmp_path / "in", table, cuts, row_group_size=50)
    found = dataset.rake_folder(source, MARGINS, tmp_path / "out", weight="w", progress=heard.append)
    want = ss.rake(table.assign(age=table["age"].astype(str)), MARGINS, weight="w")
    np.testing.assert_allclose(weights_in(tmp_path / "out"), want.weight, rtol=1e-12)
    if batch > N:  # one block, as in memory: the same to the last bit as the rows of a file
        whole = put(tmp_path / "whole", table, (0, N)) / "part-0.parquet"
        in_memory = ss.rake(files.read(whole), MARGINS, weight="w").weight
        np.testing.assert_array_equal(weights_in(tmp_path / "out"), in_memory)
    assert found.rows == N
    assert found.files == len(cuts) - 1
    assert found.deff_kish == pytest.approx(want.deff_kish)
    assert found.effective_n == pytest.approx(want.effective_n)
    assert (found.least, found.most) == pytest.approx((want.weight.min(), want.weight.max()))
    assert found.margins["after"].tolist() == pytest.approx(found.margins["target"].tolist())
    assert found.margins["before"].sum() == pytest.approx(3 * table["w"].sum())
    assert len(heard) == 2 * found.files
    again = pq.read_table(tmp_path / "out" / "part-0.parquet")
    assert again.column_names == [*table.columns, "raked_weight"]
    assert again.drop(["raked_weight"]).equals(pq.read_table(source / "part-0.parquet"))


@pytest.mark.parametrize(
    "options",
    [
        {"margins_are": "shares"},
        {"by": "region"},
        {"missing": "level"},
        {"missing": "drop"},
        {"bounds": (0.5, 2.0)},
        {"rescale": "age"},
    ],
)
def test_rake_folder__takes_the_options_of_rake(options, tmp_path):
    table = made(3)
    margins = {k: dict(v) for k, v in MARGINS.items()}
    if "missing" in options:
        table.loc[[3, 50, 800], "sex"] = None
    if options.get("margins_are") == "shares":
        margins = {k: {level: t / 1000 for level, t in v.items()} for k, v in margins.items()}
    if "rescale" in options:
        margins["sex"] = {"m": 470, "f": 520}
    if "by" in options:
        margins = {r: {"sex": {"m": 100, "f": 110}, "age": {"1": 60, "2": 70, "3": 80}} for r in "nsw"}
    found = dataset.rake_folder(put(tmp_path / "in", table), margins, tmp_path / "out", weight="w", **options)
    want = ss.rake(table.assign(age=table["age"].astype(str)), margins, weight="w", **options)
    np.testing.assert_allclose(weights_in(tmp_path / "out"), want.weight, rtol=1e-9)
    assert found.iterations >= 1


def test_rake_folder__without_weights_and_in_folders_of_folders(tmp_path):
    table = made(4)
    put(tmp_path / "in" / "2024" / "a", table.iloc[:500], (0, 500))
    put(tmp_path / "in" / "2024" / "b", table.iloc[500:], (0, 400))
    dataset.rake_folder(tmp_path / "in", MARGINS, tmp_path / "out", name="w2")
    want = ss.rake(table.assign(age=table["age"].astype(str)), MARGINS)
    np.testing.assert_allclose(weights_in(tmp_path / "out", "w2"), want.weight, rtol=1e-12)
    assert (tmp_path / "out" / "2024" / "b" / "part-0.parquet").exists()


def test_rake_folder__refuses(tmp_path):
    table = made(5)
    source = put(tmp_path / "in", table)

    def refused(words, *given, kind=DataError, **options):
        with pytest.raises(kind, match=words):
            dataset.rake_folder(*given, **options)

    refused("no such folder", tmp_path / "x", MARGINS, tmp_path / "out")
    (tmp_path / "empty").mkdir()
    refused("no .parquet files", tmp_path / "empty", MARGINS, tmp_path / "out")
    refused("lies in the folder that is read", source, MARGINS, source / "out")
    refused("not an empty folder", source, MARGINS, tmp_path)
    refused("already; give the new one", source, MARGINS, tmp_path / "out", name="y")
    refused("trim is for the rows of a single file", source, MARGINS, tmp_path / "out", trim=(0.3, 3))
    refused("no column 'sax'.*sex", source, {"sax": {"m": 1, "f": 2}}, tmp_path / "out")
    refused("no column 'v'", source, MARGINS, tmp_path / "out", weight="v")
    refused("progress", source, MARGINS, tmp_path / "out", progress=3)
    refused(
        "respondents have sex = 'f'",
        source,
        MARGINS | {"sex": {"m": 1, "x": 2}},
        tmp_path / "out",
        kind=CalibrationError,
    )
    refused("not numeric", source, MARGINS, tmp_path / "out", weight="sex")
    put(tmp_path / "unlike", table)
    pq.write_table(pa.table({"sex": ["m"]}), tmp_path / "unlike" / "z.parquet")
    refused("is not in every file", tmp_path / "unlike", MARGINS, tmp_path / "out")
    (tmp_path / "unlike" / "z.parquet").write_bytes(b"no parquet")
    refused("cannot be read as Parquet", tmp_path / "unlike", MARGINS, tmp_path / "out")
    put(tmp_path / "bad", table.assign(w=[-1.0, *table["w"][1:]]))
    refused("missing, infinite or negative", tmp_path / "bad", MARGINS, tmp_path / "out", weight="w")
    assert not (tmp_path / "out").exists()


def test_weights_rake__of_a_folder(tmp_path):
    table = made(6)
    put(tmp_path / "in", table)
    rows = [(v, level, 100 * t / 1000) for v, levels in MARGINS.items() for level, t in levels.items()]
    pd.DataFrame(rows, columns=["variable", "level", "percent"]).to_csv(tmp_path / "m.csv", index=False)
    words = ["weights", "rake", str(tmp_path / "in"), "--margins", str(tmp_path / "m.csv"), "--weight", "w"]
    done = CliRunner().invoke(
        main, [*words, "-o", str(tmp_path / "out"), "--json", "--diagnostics", str(tmp_path / "d.csv")]
    )
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["rows"] == N
    shares = {k: {level: t / 1000 for level, t in v.items()} for k, v in MARGINS.items()}
    want = ss.rake(table.assign(age=table["age"].astype(str)), shares, weight="w", margins_are="shares")
    np.testing.assert_allclose(weights_in(tmp_path / "out"), want.weight, rtol=1e-9)
    assert len(pd.read_csv(tmp_path / "d.csv")) == 8
    text = CliRunner().invoke(main, [*words, "-o", str(tmp_path / "out2"), "--na", "age=3", "--missing", "drop"])
    assert text.exit_code != 0  # nobody is 3 then, who has a total
    assert "'3'" in text.output
    for more, said in ((["--trim", "0.3", "3"], "--trim"), (["--report", str(tmp_path / "p.html")], "--report")):
        done = CliRunner().invoke(main, [*words, "-o", str(tmp_path / "out3"), *more])
        assert done.exit_code == 2
        assert said in done.output


def test_rake_folder__loses_no_file_and_counts_rows(tmp_path):
    """What a stranger lost or was told wrongly: files by their ending, links, counts of cells, names, weights of zero."""
    table = made(7)
    source = put(tmp_path / "in", table.iloc[:500], (0, 500))
    pq.write_table(pa.Table.from_pandas(table.iloc[500:], preserve_index=False), source / "Z.PARQUET")
    (source / "_tmp").mkdir()
    pq.write_table(pa.Table.from_pandas(table.iloc[:9], preserve_index=False), source / "_tmp" / "x.parquet")
    assert dataset.rake_folder(source, MARGINS, tmp_path / "out").rows == N

    def refused(words, folder, margins=MARGINS, **options):
        with pytest.raises((DataError, CalibrationError), match=words):
            dataset.rake_folder(folder, margins, tmp_path / "no", **options)

    lost = table.assign(sex=table["sex"].where(np.arange(N) % 9 > 0))
    refused("'sex' is missing in 100 of 900 rows", put(tmp_path / "lost", lost))
    few = {**MARGINS, "age": {"1": 500, "2": 500}}
    refused(f"{int((table['age'] == 3).sum())} respondents have age = '3'", put(tmp_path / "few", table), few)
    refused("'w'.*weights of all rows are zero", put(tmp_path / "zero", table.assign(w=0.0)), weight="w")
    refused(
        "in 2 rows, the first is -1",
        put(tmp_path / "minus", table.assign(w=[-1.0, -1.0, *table["w"][2:]]), (0, N)),
        weight="w",
    )
    refused("needs a name", source, name="")
    refused("no column 'nosuch'", source, na={"nosuch": {"9"}})
    for option in ({"closest": "minimax"}, {"reconcile": 0.1}):
        refused("is for the rows of a single file", source, **option)
    (source / "link").symlink_to(tmp_path / "few")
    refused("is a link", source)
    assert not (tmp_path / "no").exists()


def test_rake_folder__takes_a_dask_frame(tmp_path):
    dd = pytest.importorskip("dask.dataframe")
    table = made()
    found = dataset.rake_folder(dd.from_pandas(table, npartitions=3), MARGINS, tmp_path / "out", weight="w")
    want = ss.rake(table.assign(age=table["age"].astype(str)), MARGINS, weight="w")
    np.testing.assert_allclose(weights_in(tmp_path / "out"), want.weight, rtol=1e-12)
    assert found.files == 3
    np.testing.assert_array_equal(pd.read_parquet(tmp_path / "out")["y"], table["y"])
