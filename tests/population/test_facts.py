"""Folders of facts: what is read, and what is refused with file and line."""

import land
import pytest

from surveysim import DataError, Population
from surveysim.population import facts


def test_read__margins_in_the_order_of_areas(tmp_path):
    found = facts.read(land.written(tmp_path))
    assert list(found.areas.index) == ["Harbour", "Islands", "Uplands"]
    assert found.levels["age"] == ["18-34", "35-59", "60+"]
    places, totals = found.margins[0]
    assert places == (0, 1)
    assert totals[1].tolist() == [[36e3, 58e3, 46e3], [35e3, 57e3, 38e3]]
    assert found.second == (0.0, 0.10)
    assert found.product("online*age=60+") == ("online", [("age", "60+")])


def test_read__axes_of_a_cross_follow_the_variables(tmp_path):
    text = "variable,level,Harbour,Islands,Uplands\nage,o,3,3,3\nage,y,1,1,1\nsex*age,f*o,1,1,1\nsex*age,f*y,1,1,1\nsex*age,m*o,2,2,2\n"
    found = facts.read(_with(tmp_path, text))
    assert list(found.levels) == ["age", "sex"]
    places, totals = found.margins[1]
    assert places == (0, 1)
    assert totals[0].tolist() == [[1, 2], [1, 0]]  # age by sex; nobody is m and y


def _with(folder, margins):
    plain = "status,variable,level,percent\nlandline_only,,,8\nboth,,,42\nmobile_only,,,47\nnone,,,3\n"
    outcome = "outcome,variable,level,percent\nx,,,5\n"
    none = dict.fromkeys(("households", "roles", "likeness", "indicators"))
    return land.written(folder, margins=margins, telephone=plain, outcomes=outcome, **none)


SEXES = "sex,female,590000,140000,520000\nsex,male,570000,130000,490000\n"  # 10,000 other than in the cross


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        ("telephone", None, ["no telephone.csv", "status, variable, level, percent"]),
        ("areas", ("Islands", "Harbour"), ["areas.csv", "'Harbour'", "twice"]),
        ("margins", ("Islands", "Isles"), ["margins.csv", "no column 'Islands'"]),
        ("margins", ("180000,36000", "some,36000"), ["margins.csv, line 2", "Harbour = 'some'"]),
        ("margins", ("education,basic,330000", "education,basic,310000"), ["'Harbour'", "1,160,000", "1,140,000", "reconcile"]),
        ("margins", ("urban,town", SEXES + "urban,town"), ["'Harbour': sex=female 'sex*age' adds up to 600,000", "'sex' to 590,000"]),
        ("margins", ("female*18-34", "female"), ["line 2", "'female'", "a*b"]),
        ("margins", ("urban,town", "person_id,town"), ["'person_id'"]),
        ("margins", ("education,secondary", "education,basic"), ["listed twice"]),
        ("households", ("single,30", "single,20"), ["households.csv", "90"]),
        ("roles", ("mate,age", "mates,age"), ["roles.csv, line 5", "'mates'", "'mate'"]),
        ("likeness", ("sex,-0.95", "sex,-2"), ["likeness.csv, line 2", "-1 to 1"]),
        ("telephone", ("none,,,3", "none,,,30"), ["telephone.csv", "127"]),
        ("telephone", ("none,,,3", "second_landline,,,3"), ["no row for none"]),
        ("telephone", ("mobile_only,age,60+", "mobile_only,ages,60+"), ["telephone.csv, line 8", "'ages'", "'age'"]),
        ("telephone", ("mobile_only,age,60+", "mobile_only,age,80+"), ["telephone.csv, line 8", "'80+'"]),
        ("telephone", ("both,,,42", "two,,,42"), ["line 3", "'two'"]),
        ("outcomes", ("online,,,84", "online,,,184"), ["outcomes.csv, line 5", "184"]),
        ("outcomes", ("online,,,84\n", ""), ["'online'", "no share of everybody"]),
        ("outcomes", ("smokes,,,21", "mobile,,,21"), ["outcomes.csv", "'mobile'"]),
        ("indicators", ("smoking,smokes", "smoking,smoke"), ["indicators.csv, line 2", "'smoke'", "'smokes'"]),
        ("indicators", ("online*age=60+", "online*age=80+"), ["indicators.csv, line 4", "age=80+"]),
        ("indicators", ("persons,84", "persons,most"), ["indicators.csv, line 3", "'most'"]),
        ("indicators", ("online,online", "smoking,online"), ["indicators.csv, line 3", "'smoking'"]),
        ("margins", ("urban,town", "frame,town"), ["margins.csv, line 11", "'frame'"]),
        ("areas", ("area,region", "area,stratum"), ["areas.csv", "'stratum'"]),
        ("outcomes", ("online,,,84", "domain,,,84"), ["outcomes.csv", "'domain'"]),
    ],
)  # fmt: skip
def test_read__refuses_with_file_line_and_remedy(tmp_path, file, change, said):
    with pytest.raises(DataError) as told:
        facts.read(land.written(tmp_path, **{file: change}))
    assert [part for part in said if part not in str(told.value)] == []


@pytest.mark.parametrize(
    ("lines", "shift"),
    [("\n\n", 2), (" , ,\n", 1), ("online,education,higher,90\n", 1), ('"online",education,"higher","90\n"\n', 2)],
)
def test_read__lines_in_messages_are_those_of_the_file(tmp_path, lines, shift):
    """Blank lines, lines of nothing but commas, and line breaks inside quotes count as lines."""
    wrong = land.FILES["outcomes.csv"].replace("online,,,84", "online,,,184")
    head, rest = wrong.split("\n", 1)
    with pytest.raises(DataError, match=rf"outcomes\.csv, line {5 + shift}: percent = '184'"):
        facts.read(land.written(tmp_path, outcomes=f"{head}\n{lines}{rest}"))


def test_read__a_row_that_is_too_long_and_a_column_that_is_there_twice(tmp_path):
    with pytest.raises(DataError, match=r"outcomes\.csv, line 2 has 5 values for 4 columns"):
        facts.read(land.written(tmp_path / "a", outcomes=("smokes,,,21", "smokes,,,21,5")))
    with pytest.raises(DataError, match=r"areas\.csv has the column 'region' twice"):
        facts.read(land.written(tmp_path / "b", areas=("area,region", "area,region,region")))


def test_folder__is_there():
    with pytest.raises(DataError, match="no such folder"):
        Population.from_folder("nowhere")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            "smokes,,,0\nsmokes,age,60+,20",
            r"age 60\+, 2\d % of everybody, has 20 % \(line 3\).* 0 %",
        ),
        (
            "smokes,,,90\nsmokes,telephone,landline,17",
            r"telephone landline, \d\d % of everybody, has 17 % \(line 3\).* 90 %",
        ),
    ],
)
def test_groups_that_everybody_cannot_hold__are_refused(tmp_path, rows, said):
    with pytest.raises(DataError, match=said):
        Population.from_folder(
            land.written(tmp_path, outcomes=f"outcome,variable,level,percent\n{rows}", indicators=None), scale=0.02
        )


def test_groups_that_do_not_make_everybody__are_refused(tmp_path):
    with pytest.raises(DataError, match="by age it is"):
        Population.from_folder(land.written(tmp_path, telephone=("mobile_only,age,60+,22", "mobile_only,age,60+,60")))
