"""The union of ranges: every address once, whatever the order and however ranges are cut."""

from collections import Counter, defaultdict
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveysim.errors import DataError
from surveysim.registry import Holding, Range, Tally, compare_operators, count_addresses

SPACE = 60


EITHER = st.sampled_from([4, 6])


@st.composite
def ranges(draw, version=EITHER):
    """A few overlapping ranges in a small space; IPv6 ones are cut around /32 boundaries."""
    found = []
    for line in range(draw(st.integers(0, 8))):
        v = draw(version)
        low, high = sorted(draw(st.tuples(*[st.integers(0, SPACE - 1)] * 2)))
        unit = 1 if v == 4 else 2**95
        national = draw(st.booleans())
        named = draw(st.sampled_from(["", "A", "B"])) if national else ""
        place = draw(st.sampled_from(["", "110000", "440000"])) if national else ""
        country = "" if national else draw(st.sampled_from(["CN", "HK", "SG"]))
        held = national or draw(st.integers(0, 3)) > 0
        found.append(
            Range(
                v,
                low * unit,
                (high + 1) * unit - 1,
                "f",
                line,
                national,
                held,
                country if held else "",
                place,
                named,
                named,
            )
        )
    return found


def naive(found, by):
    """{level: Counter of addresses, in units of 1 (IPv4) or 2^95 (IPv6)}: one address at a time, the rules as they are written."""
    sums = defaultdict(Counter)
    for version, unit in ((4, 1), (6, 2**95)):
        for point in range(SPACE):
            covering = [r for r in found if r.version == version and r.held and r.first <= point * unit <= r.last]
            covering.sort(key=lambda r: (r.size, not r.national, r.line))
            if not covering:
                continue
            said = {}
            for r in covering:
                words = {n: getattr(r, n) for n in ("holder", "province", "operator") if getattr(r, n)}
                if all(said.get(n, w) == w for n, w in words.items()):
                    said |= words
            region = next((r.country for r in covering if r.country), "CN" if covering else "")
            if region not in ("CN", "HK", "MO", "TW"):
                continue
            province = said.get("province") or {"HK": "810000"}.get(region, "unknown")
            level = {"region": region, "province": province, "holder": said.get("holder", "unknown")}[by]
            sums[level][version] += 1
            sums[level, "touched"][version] |= 0
            if version == 6:
                sums[level, "touched"][point // 2] = 1
    return {
        level: (n[4], n[6], sum(v for k, v in sums[level, "touched"].items() if v))
        for level, n in list(sums.items())
        if isinstance(level, str)
    }


@settings(max_examples=150, deadline=None)
@given(ranges(), st.sampled_from(["region", "province", "holder"]))
def test_count__equals_one_address_at_a_time(found, by):
    tallies = count_addresses(found).tallies(by)
    assert {level: (t.ipv4, t.ipv6 // 2**95, t.touched) for level, t in tallies.items()} == naive(found, by)


@given(ranges(st.just(4)))
def test_union__has_the_size_of_the_set(found):
    found = [replace(r, country="CN", held=True) for r in found]
    addresses = {n for r in found for n in range(r.first, r.last + 1)}
    count = count_addresses(found)
    assert count.total.ipv4 == len(addresses)
    assert count.total.ipv4 + count.repeated[4] == sum(r.size for r in found)


@given(ranges(), st.randoms(use_true_random=False))
def test_count__does_not_depend_on_the_order(found, random):
    shuffled = list(found)
    random.shuffle(shuffled)
    half = len(found) // 2
    assert count_addresses(found) == count_addresses(shuffled) == count_addresses(shuffled[:half], shuffled[half:])


@given(ranges(), st.data())
def test_count__splitting_a_range_leaves_the_union_alone(found, data):
    count = count_addresses(found)
    cut = []
    for r in found:
        at = data.draw(st.integers(r.first, r.last)) if r.size > 1 else r.first
        cut += [replace(r, last=at), replace(r, first=at + 1)] if at < r.last else [r]
    again = count_addresses(cut)
    if not count.conflicts and not again.conflicts:  # smaller ranges decide, so cutting may settle a conflict otherwise
        assert again.tallies("province") == count.tallies("province")
        assert again.tallies("holder") == count.tallies("holder")
    held = [[replace(r, country="CN") for r in ranges if r.held] for ranges in (found, cut)]
    assert count_addresses(held[0]).total == count_addresses(held[1]).total


@given(ranges())
def test_levels__add_up_to_the_total(found):
    count = count_addresses(found)
    for by in ("region", "province", "holder", "operator"):
        tallies = count.tallies(by).values()
        assert (sum(t.ipv4 for t in tallies), sum(t.ipv6 for t in tallies)) == (count.total.ipv4, count.total.ipv6)
        assert sum(t.touched for t in tallies) >= count.total.touched >= count.total.blocks


def net(text, line=1, **said):
    import ipaddress

    block = ipaddress.ip_network(text)
    said = {"path": "list" if said.get("national") else "delegated"} | said
    return Range(block.version, int(block[0]), int(block[-1]), line=line, **said)


def test_count__a_nested_allocation_by_hand():
    """A /16 of the regional registry, a /17 and in it a /24 of the national list: 65,536 addresses, no more."""
    whole = net("10.1.0.0/16", country="CN")
    half = net("10.1.0.0/17", 2, national=True, holder="A", province="440000")
    part = net("10.1.5.0/24", 3, national=True, holder="B")
    count = count_addresses([whole], [half, part])
    assert count.tallies("holder") == {"A": Tally(32512), "B": Tally(256), "unknown": Tally(32768)}
    assert count.tallies("province") == {"440000": Tally(32512), "unknown": Tally(33024)}  # B's province is not A's
    ((kept, other, about, addresses),) = [(c.kept, c.other, c.about, c.addresses) for c in count.conflicts]
    assert (kept, other, about, addresses) == (part, half, ("holder", "province"), 256)
    assert count.repeated == {4: 32768 + 256, 6: 0}


def test_count__a_regional_record_does_not_hide_what_the_list_knows():
    """The regional registry splits what the list holds as one range: the list's province and holder stay."""
    whole = net("10.1.0.0/16", national=True, holder="A", province="440000")
    halves = [net("10.1.0.0/17", 2, country="CN"), net("10.1.128.0/17", 3, country="CN")]
    count = count_addresses([whole], halves)
    assert count.tallies("province") == {"440000": Tally(65536)}
    assert count.conflicts == ()


def test_count__ties_go_to_the_national_list_then_to_the_earlier_line():
    same = [net("10.0.0.0/24", n, national=True, holder=h, province="110000") for n, h in ((7, "late"), (3, "early"))]
    regional = net("10.0.0.0/24", 1, country="HK")
    count = count_addresses(same, [regional])
    assert list(count.tallies("holder")) == ["early"]
    assert list(count.tallies("region")) == ["HK"]
    listed = net("10.0.0.0/24", 9, national=True, holder="early", country="CN")
    count = count_addresses([listed], [regional])
    assert list(count.tallies("region")) == ["CN"]
    assert [c.about for c in count.conflicts] == [("country",)]


def test_count__free_and_foreign_space():
    free, foreign = net("10.0.0.0/24", held=False), net("11.0.0.0/24", 2, country="SG")
    assert count_addresses([free, foreign]).total == Tally()
    assert count_addresses([free, foreign], countries=("SG",)).total == Tally(256)
    listed = [net("10.0.0.0/25", 1, national=True, holder="A"), net("11.0.0.0/23", 2, national=True, holder="A")]
    count = count_addresses([free, foreign], listed)
    assert count.total == Tally(128 + 256)  # half of 11.0.0.0/23 is Singapore's
    assert [(c.about, c.addresses) for c in count.conflicts] == [(("country",), 256), (("status",), 128)]


def test_count__blocks_of_ipv6_by_hand():
    """The unit is 2^96 addresses: a /31 is 2, a /48 is 1/65536; two /48 of one /32 touch it once."""
    found = [
        net("2001:250::/31", country="CN"),
        net("2001:da8:1::/48", 2, country="CN"),
        net("2001:da8:2::/48", 3, country="CN"),
    ]
    total = count_addresses(found).total
    assert (total.blocks, total.touched) == (2 + Fraction(2, 65536), 3)
    row = count_addresses(found).by("region").iloc[0]
    assert row["ipv6_blocks"] == 2 + 2 / 65536


def test_count__regions_that_are_provinces():
    count = count_addresses([net("10.0.0.0/24", country=c, line=k) for k, c in enumerate(["TW"])])
    assert count.tallies("province") == {"710000": Tally(256)}
    with pytest.raises(DataError, match="by = 'city'"):
        count.by("city")


@pytest.mark.parametrize("countries", ["CHN", ("CN", "hk"), ("",)])
def test_count__country_codes_are_checked(countries):
    with pytest.raises(DataError, match="no country code"):
        count_addresses(countries=countries)


def test_count__nothing():
    assert count_addresses().total == Tally()
    assert len(count_addresses().by("province")) == 0


def test_operators__every_discrepancy_and_nothing_else():
    found = [
        net("10.0.0.0/16", national=True, operator="A", holder="A"),
        net("10.1.0.0/16", 2, national=True, operator="b", holder="B"),
        net("2001:250::/32", 3, national=True, operator="A", holder="A"),
        net("10.2.0.0/16", 4, national=True, operator="C", holder="C"),
        net("10.3.0.0/16", 5, country="CN"),
    ]
    held = [
        Holding("o", 2, "A", 65536, Fraction(3, 2)),
        Holding("o", 3, "B", 65792, None),
        Holding("o", 4, "D", 1, None),
    ]
    listed = compare_operators(count_addresses(found), held)
    assert [(d.item, d.stated, d.found, d.difference) for d in listed] == [
        ("C, ipv4", "nothing", 65536, -65536),
        ("B, ipv4", 65792, 65536, 256),
        ("D, ipv4", 1, 0, 1),
        ("A, ipv6", Fraction(3, 2), 1, Fraction(1, 2)),
    ]


@pytest.mark.parametrize("names", [("holders", "places"), ("places", "holders")])
def test_count__sources_that_complement_each_other(names):
    """One list knows the holder, another the province: nothing contradicts, whatever the files are called."""
    one = net("10.0.0.0/16", 2, national=True, path=names[0], holder="A")
    two = net("10.0.0.0/16", 2, national=True, path=names[1], province="440000")
    three = net("10.0.0.0/15", 3, national=True, path="c", operator="X")
    count = count_addresses([one], [two], [three])
    assert count.conflicts == ()
    assert count.tallies("holder")["A"] == count.tallies("province")["440000"] == Tally(65536)
    assert count.tallies("operator") == {"X": Tally(131072)}


def test_operators__one_name_in_two_spellings():
    found = [net(f"10.{k}.0.0/16", k, national=True, holder=h, operator=h) for k, h in enumerate(("Acme", "ACME"), 4)]
    count = count_addresses(found)
    assert compare_operators(count, [Holding("o", 2, "acme", 131072, None)]) == ()
    (only,) = compare_operators(count, [Holding("o", 2, "acme", 65536, None)])
    assert only.difference == -65536
