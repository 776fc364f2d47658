"""Every kind of file × every kind of column: read, raked, estimated, written to every kind and read again, nothing is lost in silence."""

import datetime as dt
import re
import warnings

import numpy as np
import pandas as pd
import pyreadstat
import pytest

import surveysim as ss
from surveysim import files
from surveysim.errors import DataError, SurveysimWarning

N = 24
TEXT = ("csv", "tsv")
KINDS = ("csv", "tsv", "parquet", "sav", "zsav", "dta", "xlsx")
DAY = [dt.date(2024, 1 + k % 12, 1 + k % 28) for k in range(N)]
# name: (values, whether labelled files hold it as such). None is missing.
PLAIN = {
    "whole": [k % 4 for k in range(N)],
    "holes": [None if k % 5 == 0 else k % 3 for k in range(N)],
    "real": [k / 7 - 1 for k in range(N)],
    "negative": [-(k % 3) for k in range(N)],
    "text": [("north", "南方", "a, b", 'say "no"', "line\nbreak")[k % 5] for k in range(N)],
    "empty": [None if k % 4 == 0 else "ab"[k % 2] for k in range(N)],
    "code": [f"{k % 6:03d}" for k in range(N)],
    "lengthy": ["x" * (500 + k % 2) for k in range(N)],
    "nothing": [None] * N,
    "big": [str(10**17 + k % 3) for k in range(N)],
    "na": [("NA", "ok")[k % 2] for k in range(N)],
    "formula": [("=1+1", "+x", "plain")[k % 3] for k in range(N)],
    "day": DAY,
    "hour": [dt.datetime(2024, 1, 1 + k % 28, 10, 20, k) for k in range(N)],
    "clock": [dt.time(k % 24, 30, 15) for k in range(N)],
    "truth": [k % 2 == 0 for k in range(N)],
}
LABELLED = {
    "sex": [1.0 + k % 2 for k in range(N)],
    "edu": [(1.0, 2.0, 3.0, 99.0, None)[k % 5] for k in range(N)],
    "place": [("n", "s")[k % 2] for k in range(N)],
}
LABELS = {
    "sex": {1.0: "male", 2.0: "female"},
    "edu": {1.0: "low", 2.0: "mid", 99.0: "refused"},
    "place": {"n": "North", "s": "South"},
}


def table(columns):
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})


def read(kind, name, tmp_path):
    """A file of a kind with one column and whole numbers to rake by, as its own programs write it."""
    data, path = (
        table({name: PLAIN.get(name, LABELLED.get(name)), "g": [1 + k % 2 for k in range(N)]}),
        tmp_path / f"in.{kind}",
    )
    labels = {k: v for k, v in LABELS.items() if k == name}
    if kind in ("sav", "zsav"):
        pyreadstat.write_sav(
            _numeric(data), str(path), compress=kind == "zsav", column_labels={name: "The question"}, note=["a note"],
            variable_value_labels=labels, missing_ranges={"edu": [99.0]} if name == "edu" else None,
        )  # fmt: skip
    elif kind == "dta":
        labels = {k: {int(c): t for c, t in v.items() if c != 99} for k, v in labels.items() if k != "place"}
        if name == "edu":
            data[name] = [None if v is None else "a" if v == 99 else int(v) for v in data[name]]
        pyreadstat.write_dta(
            data if name == "edu" else _numeric(data), str(path), column_labels={name: "The question"}, variable_value_labels=labels,
            missing_user_values={"edu": ["a"]} if name == "edu" else None,
        )  # fmt: skip
    elif kind == "parquet":
        data.to_parquet(path)
    elif kind == "xlsx":
        data.to_excel(path, index=False)
    else:
        data.to_csv(path, index=False, sep="\t" if kind == "tsv" else ",")
    return files.read(path)


def _numeric(data):
    """Numbers as such, so that the writer does not make text of them."""
    return data.apply(lambda c: c.astype(float) if all(v is None or (isinstance(v, int | float) and not isinstance(v, bool)) for v in c)
                      and c.notna().any() else c)  # fmt: skip


def days(file, name):
    """A column as text, dates and times as dates and times whatever numbers the file has for them."""
    from surveysim.files.dates import dated

    if file.meta is not None:
        found = dated(
            file.values(name).mask(file.missing(name)),
            file.meta.original_variable_types[name],
            file.path.suffix == ".dta",
        )
        if found is not None:
            return [None if v is None else str(v).removesuffix(" 00:00:00") for v in found[0]]
    return [None if v is None else v.removesuffix(" 00:00:00") for v in file.text(name)]


@pytest.mark.filterwarnings("ignore:rows with missing values are set aside")
@pytest.mark.parametrize("name", [*PLAIN, *LABELLED])
@pytest.mark.parametrize("kind", KINDS)
def test_matrix__read_rake_estimate_write_read_again(kind, name, tmp_path):
    file = read(kind, name, tmp_path)
    before, missing = days(file, name), file.missing(name).to_numpy()
    raked = ss.rake(pd.DataFrame({"g": file.text("g")}), {"g": {"1": 40, "2": 60}}).weight
    estimate = None
    if not missing.all():
        levels = file.levelled(name)
        estimate = ss.Survey(pd.DataFrame({"x": levels, "w": raked}), weight="w").proportion("x").to_frame()
    for other in KINDS:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            target = tmp_path / f"out-{other}" / f"o.{other}"
            if (kind, other, name) in REFUSED:
                with pytest.raises(DataError, match=repr(name)):
                    file.write(target, {"w": (raked, "Raked")})
                continue
            out = file.write(target, {"w": (raked, "Raked")})
        said = " ".join(str(w.message) for w in said if issubclass(w.category, SurveysimWarning))
        again = files.read(out)
        np.testing.assert_array_equal(again.numbers("w"), raked)  # to the last digit
        after = days(again, name)
        if other in TEXT and name == "na" and kind not in TEXT:
            assert "'NA' is text and reads as missing" in said
            after = ["NA" if v is None else v for v in after]
        if name == "formula" and other in TEXT and kind not in TEXT:
            assert "an apostrophe in front" in said
            after = [v.removeprefix("'") for v in after]
        if name == "truth" and other in ("sav", "zsav", "dta") and kind not in ("sav", "zsav", "dta", *TEXT):
            assert again.levels[name] == {"0": "False", "1": "True"}
            after = list(again.levelled(name))
        assert after == before, (other, said)
        assert [v is None for v in after] == list(missing)
        _check_labels(file, again, name, said)
        if (
            estimate is not None
            and not (name in ("na", "formula") and other in TEXT)
            and name not in ("day", "hour", "clock")
        ):
            levels = again.levelled(name)
            found = ss.Survey(pd.DataFrame({"x": levels, "w": raked}), weight="w").proportion("x").to_frame()
            assert sorted(found["estimate"]) == pytest.approx(sorted(estimate["estimate"]), rel=1e-12)


REFUSED = {(kind, "dta", "place") for kind in ("sav", "zsav")}


def _check_labels(file, again, name, said):
    """Labels and missing codes are the same, or the message names the loss."""
    if file.meta is None:
        return
    same = again.meta is not None and (again.path.suffix == ".dta") == (file.path.suffix == ".dta")
    if file.labels.get(name) != again.labels.get(name):
        assert re.search(rf"no labels of variables \([^)]*{name}", said), said
    if not file._valid_labels(name).items() <= again.levels.get(name, {}).items():
        assert re.search(rf"no labels of [^(]*\([^)]*{name}", said), said
    coded = name in {*(file.meta.missing_ranges or {}), *(file.meta.missing_user_values or {})}
    if coded and not same:
        assert re.search(rf"no codes that mean missing, which are empty \([^)]*{name}", said), said
    if same:
        assert again.meta.original_variable_types[name] == file.meta.original_variable_types[name]
        for what in ("missing_ranges", "missing_user_values"):
            assert getattr(again.meta, what) == getattr(file.meta, what)
        assert said == ""
    else:
        assert "no formats" in said
    if file.meta.notes and again.path.suffix not in (".sav", ".zsav"):
        assert "no notes" in said
