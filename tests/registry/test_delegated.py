"""Statistics exchange files: what is read, what is refused, and what a file says wrongly of itself."""

import pytest

from surveysim.errors import DataError
from surveysim.registry import Range, read_delegated

HEADER = "2|apnic|20241231|{n}|19850701|20241231|+1000\n"
GOOD = "apnic|CN|ipv4|1.0.1.0|256|20110414|allocated"


def read(tmp_path, text, **options):
    path = tmp_path / "delegated.txt"
    path.write_text(text, encoding="utf-8")
    return read_delegated(path, **options)


def test_delegated__both_formats_by_hand(tmp_path):
    text = HEADER.format(n=6) + (
        "# a comment\n\napnic|*|asn|*|1|summary\napnic|*|ipv4|*|3|summary\r\napnic|*|ipv6|*|2|summary\n"
        "apnic|CN|asn|4134|1|20020801|allocated\n"
        "apnic|CN|ipv4|1.0.1.0|768|20110414|allocated|A91|e-stats\n"  # 768 addresses are no CIDR block
        "apnic||ipv4|1.0.8.0|256||available|\n"
        "APNIC|hk|IPv4|1.1.0.0|65536|00000000|Assigned|A91  # and a remark\n"
        "apnic|CN|ipv6|2001:250::|35|20000426|allocated\n"
        "apnic|ZZ|ipv6|2001:db8::|32|20000426|reserved|\n"
    )
    file = read(tmp_path, text)
    assert file.records == {"asn": 1, "ipv4": 3, "ipv6": 2}
    assert file.problems == file.discrepancies == ()
    assert file.header["serial"] == "20241231"
    assert file.opaque_ids == {"A91": 2}
    first, free, kong, six, reserved = file.ranges
    assert first == Range(4, 0x01000100, 0x010003FF, file.path, 8, country="CN")
    assert (first.size, str(first)) == (768, "1.0.1.0-1.0.3.255")
    assert [r.held for r in file.ranges] == [True, False, True, True, False]
    assert (kong.country, kong.size, free.country) == ("HK", 65536, "")
    assert (six.version, six.size, reserved.country) == (6, 2**93, "ZZ")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("apnic|CN|ipv4|1.0.1.0|256|20110414", "7 fields or more, this has 6"),
        ("apnic|CN|ipv4|1.0.1.0|0|20110414|allocated", "count is 0"),
        ("apnic|CN|ipv4|1.0.1.0||20110414|allocated", "no whole number"),
        ("apnic|CN|ipv4|1.0.1.0|-1|20110414|allocated", "no whole number"),
        ("apnic|CN|ipv4|1.0.1.0|２５６|20110414|allocated", "no whole number"),
        ("apnic|CN|ipv4|255.255.255.0|512|20110414|allocated", "beyond the last address"),
        ("apnic|CN|ipv4|1.0.256.0|256|20110414|allocated", "does not appear"),
        ("apnic|CN|ipv4|2001:250::|32|20110414|allocated", "not by count"),
        ("apnic|CN|ipv6|1.0.1.0|24|20110414|allocated", "no ipv6 address"),
        ("apnic|CN|ipv6|2001:250::1|32|20110414|allocated", "not the start of a /32"),
        ("apnic|CN|ipv6|2001:250::|129|20110414|allocated", "0 to 128"),
        ("apnic|CN|ipv5|1.0.1.0|256|20110414|allocated", "the type is 'ipv5'"),
        ("apnic|CN|asn|x|1|20110414|allocated", "no whole number"),
        ("anypic|CN|ipv4|1.0.1.0|256|20110414|allocated", "the registry is 'anypic'"),
        ("apnic|CHN|ipv4|1.0.1.0|256|20110414|allocated", "the country is 'chn'"),
        ("apnic||ipv4|1.0.1.0|256|20110414|allocated", "the country is ''"),
        ("apnic|CN|ipv4|1.0.1.0|256|2011-04-14|allocated", "the date is"),
        ("apnic|CN|ipv4|1.0.1.0|256|20110414|legacy", "the status is 'legacy'"),
        ("apnic|*|ipv4|*|many|summary", "no whole number"),
        ("apnic|*|ipv7|*|3|summary", "no summary line"),
        ("2|apnic|1|1|1|1|+1000", "a second version line"),
        ("just words", "7 fields or more, this has 1"),
    ],
)
def test_delegated__malformed_lines_are_kept_with_their_number(tmp_path, line, reason):
    text = HEADER.format(n=1) + GOOD + "\n" + line + "\n"
    file = read(tmp_path, text)
    assert len(file.ranges) == 1
    (problem,) = file.problems
    assert (problem.line, problem.text) == (3, line)
    assert reason in problem.reason
    with pytest.raises(DataError, match=r"line 3: .*Mend the line"):
        read(tmp_path, text, strict=True)


def test_delegated__counts_that_are_wrong(tmp_path):
    file = read(tmp_path, HEADER.format(n=5) + "apnic|*|ipv4|*|2|summary\napnic|*|asn|*|1|summary\n" + GOOD)
    found = [(d.item, d.stated, d.found, d.difference) for d in file.discrepancies]
    assert found == [
        ("records in the header", 5, 1, 4),
        ("asn records in the summary", 1, 0, 1),
        ("ipv4 records in the summary", 2, 1, 1),
    ]


def test_delegated__a_missing_version_line_is_reported(tmp_path):
    file = read(tmp_path, GOOD)
    assert [p.reason for p in file.problems] == ["the file has no version line"]
    assert len(file.ranges) == 1


@pytest.mark.parametrize("text", ["", "\ufeff", HEADER.format(n=0), "start,end\n1,2\n", "\x00\x01"])
def test_delegated__other_files_are_refused(tmp_path, text):
    with pytest.raises(DataError, match="statistics exchange format"):
        read(tmp_path, text)


def test_delegated__no_such_file(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_delegated(tmp_path / "none")


def test_delegated__bytes_that_are_no_text_cost_their_line_only(tmp_path):
    path = tmp_path / "delegated.txt"
    path.write_bytes(HEADER.format(n=2).encode() + b"apnic|\xff\xfe|ipv4|1.0.1.0|256||allocated\n" + GOOD.encode())
    file = read_delegated(path)
    assert (len(file.ranges), file.problems[0].line) == (1, 2)
