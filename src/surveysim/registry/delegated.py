"""The regional registries' statistics exchange format: delegated and delegated-extended files.

A version line, summary lines and one record a line, fields separated by "|"; an IPv4 record gives a start and a number of
addresses (not always a CIDR block), an IPv6 record a start and a prefix length. The extended format adds available and reserved
space and an opaque id that records of one holder share. Definition: APNIC, "RIR statistics exchange format".
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from ..aliases import Pathname
from ..display import Shown
from ..errors import DataError
from .ranges import Discrepancy, Problem, Range, bounds, whole

REGISTRIES = ("afrinic", "apnic", "arin", "iana", "lacnic", "ripencc")
TYPES = ("asn", "ipv4", "ipv6")
HELD = ("allocated", "assigned")
FREE = ("available", "reserved")  # extended files only; nobody holds them


@dataclass(frozen=True)
class Delegated(Shown):
    """A statistics exchange file as read.

    Attributes
    ----------
    path : the file. header : {version, registry, serial, records, startdate, enddate, utcoffset}, empty where there is none.
    records : {type: records read}, autonomous system numbers included. ranges : addresses, as `Range`.
    opaque_ids : {opaque id: records}. problems : lines that could not be read. discrepancies : counts stated otherwise by the file.
    """

    path: str
    header: dict
    records: dict
    ranges: tuple = field(repr=False)
    opaque_ids: dict = field(repr=False)
    problems: tuple = ()
    discrepancies: tuple = ()

    def summary(self) -> str:
        counts = ", ".join(f"{self.records[kind]:,} {kind}" for kind in TYPES)
        return (
            f"{self.path}: {sum(self.records.values()):,} records ({counts}), malformed lines {len(self.problems):,}, "
            f"discrepancies with its own header and summary {len(self.discrepancies):,}"
        )


def read_delegated(path: Pathname, *, strict: bool = False) -> Delegated:
    """Read a delegated or delegated-extended file of a regional registry.

    Parameters
    ----------
    path : text file, UTF-8 or ASCII. strict : raise on the first malformed line instead of collecting it.

    Returns
    -------
    Delegated.

    Raises
    ------
    DataError : no such file, no record in it, or (strict) a malformed line.

    Examples
    --------
    >>> from surveysim.registry import read_delegated
    >>> from pathlib import Path
    >>> _ = Path("delegated-apnic-latest").write_text(
    ...     "2|apnic|20241231|2|19850701|20241231|+1000\\n"
    ...     "apnic|*|ipv4|*|2|summary\\n"
    ...     "apnic|CN|ipv4|198.51.100.0|256|20110414|allocated\\n"
    ...     "apnic|CN|ipv4|203.0.113.0|many|20110414|allocated\\n"
    ... )
    >>> file = read_delegated("delegated-apnic-latest")
    >>> print(file.problems[0])
    delegated-apnic-latest: line 4: 'apnic|CN|ipv4|203.0.113.0|many|20110414|allocated': 'many' is no whole number from 0 to 4294967296; not counted
    >>> print(file.discrepancies[0])
    delegated-apnic-latest: records in the header: stated 2, found 1, difference +1 records
    """  # noqa: E501
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: there is no such file.")
    reading = _Reading(str(path), strict)
    with path.open(encoding="utf-8-sig", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            text = line.split("#", 1)[0].strip()
            if text:
                reading.take(number, text)
    return reading.done()


class _Reading:
    """What has been read of one file so far."""

    def __init__(self, path, strict):
        self.path, self.strict = path, strict
        self.header, self.summaries, self.ranges, self.problems = {}, {}, [], []
        self.records, self.opaque_ids = Counter(dict.fromkeys(TYPES, 0)), Counter()

    def take(self, number, text):
        fields = [part.strip() for part in text.split("|")]
        try:
            if re.fullmatch(r"\d+(\.\d+)?", fields[0]):
                self._version(fields)
            elif fields[-1].lower() == "summary":
                self._summary(fields)
            else:
                self._record(fields, number)
        except ValueError as error:
            problem = Problem(self.path, number, text, str(error))
            if self.strict:
                problem.refuse()
            self.problems.append(problem)

    def _version(self, fields):
        if self.header:
            raise ValueError("a second version line; read the files one by one")
        if len(fields) != 7:
            raise ValueError(f"a version line has 7 fields, this has {len(fields)}")
        whole(fields[3], 10**12)
        names = ("version", "registry", "serial", "records", "startdate", "enddate", "utcoffset")
        self.header = dict(zip(names, fields)) | {"records": int(fields[3])}

    def _summary(self, fields):
        if len(fields) != 6 or fields[2].lower() not in TYPES or fields[2].lower() in self.summaries:
            raise ValueError("no summary line of the form registry|*|type|*|count|summary, once for asn, ipv4 and ipv6")
        self.summaries[fields[2].lower()] = whole(fields[4], 10**12)

    def _record(self, fields, number):
        if len(fields) < 7:
            raise ValueError(f"a record has 7 fields or more, this has {len(fields)}")
        registry, country, kind, start, value, date, status = (part.lower() for part in fields[:7])
        for name, given, known in (("registry", registry, REGISTRIES), ("type", kind, TYPES)):
            if given not in known:
                raise ValueError(f"the {name} is {given!r}, not one of {', '.join(known)}")
        if status not in HELD + FREE:
            raise ValueError(f"the status is {status!r}, not one of {', '.join(HELD + FREE)}")
        if not re.fullmatch("[a-z]{2}", country) and (country or status in HELD):
            raise ValueError(f"the country is {country!r}, not two letters")
        if date and not re.fullmatch("[0-9]{8}", date):
            raise ValueError(f"the date is {date!r}, not YYYYMMDD")
        if kind == "asn":
            whole(start, 2**32 - 1), whole(value, 2**32)
        else:
            self.ranges.append(self._range(kind, start, value, number, status in HELD, country.upper()))
        self.records[kind] += 1
        if len(fields) > 7 and fields[7]:
            self.opaque_ids[fields[7]] += 1

    def _range(self, kind, start, value, number, held, country):
        found = bounds(start, **{"count" if kind == "ipv4" else "prefix": value or "none"})
        if found[0] != int(kind[-1]):
            raise ValueError(f"{start} is no {kind} address")
        return Range(*found, self.path, number, held=held, country=country)

    def done(self):
        if not self.records.total():
            raise DataError(
                f"{self.path}: has no record of the statistics exchange format, which has lines such as "
                f"apnic|CN|ipv4|1.0.1.0|256|20110414|allocated; {len(self.problems)} lines are malformed. Give a delegated file."
            )
        if not self.header:
            self.problems.append(Problem(self.path, 1, "", "the file has no version line", used=True))
            if self.strict:
                self.problems[-1].refuse()
        return Delegated(
            self.path,
            self.header,
            dict(self.records),
            tuple(self.ranges),
            dict(self.opaque_ids),
            tuple(self.problems),
            tuple(self._discrepancies()),
        )

    def _discrepancies(self):
        stated = {"records in the header": self.header["records"]} if self.header else {}
        found = {"records in the header": self.records.total()}
        for kind in TYPES:
            item = f"{kind} records in the summary"
            found[item] = self.records[kind]
            if kind in self.summaries:
                stated[item] = self.summaries[kind]
        for item, number in stated.items():
            if number != found[item]:
                yield Discrepancy(self.path, item, number, found[item], number - found[item], "records")
