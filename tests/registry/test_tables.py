"""The report's registry tables: re-made from their rows, checked, and made from counts of one's own."""

import tomllib
from importlib.resources import files

import pytest

from surveysim import reference
from surveysim.errors import SpecError
from surveysim.registry import (
    Range,
    count_addresses,
    count_domains,
    discrepancies,
    from_notation,
    labelled,
    published_tables,
    report_tables,
)
from surveysim.registry.tables import layouts

KNOWN = [  # data/README.md, inconsistencies 5 and 6
    ("appendix-2", "CNNIC IP Allocation Alliance, As A, B, C", "3A+192B+133C", "3A+192B+167C", -8704),
    ("appendix-2", "CERNET, As A, B, C", "254B+16C", "254B+15C", 256),
    ("appendix-5", "Total, Share, %", 100, 100.01, -0.01),
]


def test_discrepancies__are_the_known_ones():
    assert [(d.place, d.item, d.stated, d.found, d.difference) for d in discrepancies()] == KNOWN
    assert [(d.place, d.stated, d.found) for d in discrepancies(lang="zh")] == [(k[0], *k[2:4]) for k in KNOWN]


def test_published__every_registry_file_is_remade():
    shipped = {p.name for p in (files("surveysim.reference") / "facts").iterdir() if p.name.startswith("registry_")}
    assert {f"{layout['facts']}.csv" for layout in layouts().values()} == shipped
    assert len(shipped) == 13
    assert set(published_tables()) == set(layouts()) == set(published_tables(lang="zh"))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_published__agree_with_print_cell_by_cell(lang):
    """Every cell re-made equals the printed one, but for the known four."""
    wrong = []
    for table, frame in published_tables(lang=lang).items():
        layout = layouts()[table]
        facts = reference.load(layout["facts"])
        if "rows" in layout:
            continue
        facts = facts.sort_values(layout["order"], ascending=False) if "order" in layout else facts
        if "order" in layout:  # the total is the largest; it stands last in the table
            facts = facts.iloc[[*range(1, len(facts)), 0]]
        assert len(frame) == len(facts)
        for column in layout["columns"]:
            pairs = zip(frame[column[lang]], facts[column["name"]], strict=True)
            wrong += [(table, k) for k, (ours, printed) in enumerate(pairs) if ours != printed]
    assert wrong == [("appendix-2", 2), ("appendix-2", 4), ("appendix-2", 6), ("appendix-5", 32)]


def test_published__notations_of_the_facts():
    for name in ("registry_ipv4_by_holder", "registry_ipv4_by_region"):
        facts = reference.load(name)
        assert [from_notation(text) for text in facts["abc_notation_published"]] == facts["abc_value"].tolist()
        assert (facts["ipv4_addresses_count"] - facts["abc_value"]).tolist() == facts["difference_count"].tolist()


def test_published__notes_of_appendix_tables_2_and_4():
    """Seed lines 2583-2589 and 2623: the alliance with what CNNIC allocated to Unicom and Tietong."""
    ipv4 = reference.load("registry_ipv4_by_holder").set_index("holder_en")["ipv4_addresses_count"]
    held = ipv4["CNNIC IP Allocation Alliance"] + ipv4["China Mobile Tietong"] + from_notation("96B+96C")
    assert round(held / 1e4) == 8507
    assert round(held / 2**24, 1) == 5.1
    ipv6 = reference.load("registry_ipv6_by_holder").set_index("holder_en")["ipv6_blocks_slash32"]
    assert ipv6["CNNIC IP Allocation Alliance"] + ipv6["China Mobile Tietong"] == 28811


def test_table_1_and_4__by_hand():
    table = published_tables(lang="zh")["table-1"]
    assert table.columns.tolist() == ["分类", "单位", "2024 年 12 月"]
    assert table.iloc[:, 2].tolist() == [392_386_560, 69_148, 8.22, 33_019_905, 20_823_037, 11.99]
    assert published_tables()["table-4"].iloc[:, 2].tolist()[2::2] == [68.9, 31.1, 87]


@pytest.mark.parametrize(
    ("facts", "column", "table"),
    [
        ("registry_domains_by_suffix", "domains_count", "table-2"),
        ("registry_pages_by_province", "static_pages_count", "appendix-8"),
        ("registry_ipv6_by_region", "ipv6_blocks_slash32", "table-1"),
    ],
)
def test_discrepancies__see_a_changed_cell(monkeypatch, facts, column, table):
    load = reference.load

    def changed(name):
        found = load(name)
        if name == facts:
            found.loc[1, column] += 100_000_000
        return found

    monkeypatch.setattr(reference, "load", changed)
    assert table in {d.place for d in discrepancies()}
    assert len(discrepancies()) > len(KNOWN)


def test_report__tables_of_ones_own(tmp_path):
    path = tmp_path / "names.csv"
    path.write_text("domain,province\na.cn,北京\nb.mil.cn,台湾\nc.xyz,\nd.中国,广东\n", encoding="utf-8")
    said = {"national": True, "path": "list"}
    found = [
        Range(4, 2**24, 2**24 + 511, line=1, holder="中国电信集团有限公司", province="110000", **said),
        Range(4, 2**25, 2**25 + 255, line=2, province="999999", **said),
        Range(6, 2**125, 2**125 + 2**97 - 1, line=3, country="HK"),
    ]
    made = report_tables(count_addresses(found), count_domains(path))
    assert list(made) == ["table-1", "table-2", "table-3", *(f"appendix-{k}" for k in range(1, 7))]
    rows = {name: table.to_numpy().tolist() for name, table in made.items()}
    assert [row[2] for row in rows["table-1"]] == [768, 2, 4, 2]
    assert [row[1] for row in rows["table-2"]] == [2, 0, 0, 1, 0, 0, 1, 0, 4]
    assert [row[1] for row in rows["table-3"]] == [1, 0, 0, 0, 0, 0, 0, 0, 1, 2]  # .MIL.CN is among others
    assert rows["appendix-1"][0] == ["Mainland China", 768, "3C"]
    names = [
        "China Telecom",
        "China Unicom",
        "CNNIC IP Allocation Alliance",
        "China Mobile Tietong",
        "CERNET",
        "China Mobile",
    ]
    listed = {row[0]: row[1] for row in rows["appendix-2"]}
    assert set(names) <= set(listed)
    assert list(listed)[-2:] == ["Other", "Total"]
    assert (listed["China Telecom"], listed["Other"], listed["Total"]) == (512, 256, 768)
    assert [row[1] for row in rows["appendix-3"]] == [0, 2, 0, 0]
    shares = {row[0]: row[1] for row in rows["appendix-5"]}
    assert len(shares) == 31 + 2
    assert (shares["Beijing"], shares["Other"], shares["Hainan"], shares["Total"]) == (66.67, 33.33, 0, 100)
    assert len(rows["appendix-6"]) == 31 + 2
    assert rows["appendix-6"][-2:] == [["Other", 2, 1, 0], ["Total", 4, 2, 1]]


def test_report__only_regions_that_were_counted_and_no_date():
    found = [Range(4, 2**24, 2**24 + 255, line=1, country="CN"), Range(4, 2**25, 2**25 + 255, line=2, country="HK")]
    for lang in ("en", "zh"):
        made = report_tables(count_addresses(found, countries="CN"), lang=lang)
        assert len(made["appendix-1"]) == 1
        assert "2024" not in made["table-1"].attrs["title"] + "".join(made["table-1"].columns)


def test_report__ipv6_and_ipv4_holders_in_the_reports_order():
    made = report_tables(count_addresses())
    printed = published_tables()["appendix-2"].iloc[:, 0].tolist()
    assert made["appendix-2"].iloc[:, 0].tolist() == [*printed[:-2], "Other", "Total"]


def test_report__of_nothing_has_zeros():
    made = report_tables(count_addresses(), lang="zh")
    assert made["appendix-1"].iloc[:, 1].tolist() == [0, 0, 0, 0]
    assert made["appendix-5"].iloc[-1].tolist() == ["合计", 0.0]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_labelled__no_name_of_a_suffix_or_holder_is_taken_for_a_heading(lang):
    found = [
        Range(4, k * 256, k * 256 + 255, line=k, national=True, holder=h) for k, h in enumerate(["total", "CN", "cn"])
    ]
    shown = labelled(count_addresses(found).by("holder"), lang=lang)
    assert set(shown.iloc[:, 0]) == {"total", "CN", "cn"}


def test_labels__have_the_same_keys_in_both_languages():
    found = tomllib.loads((files("surveysim.registry") / "labels.toml").read_text(encoding="utf-8"))
    assert list(found["en"]) == list(found["zh"])
    assert all(found["en"].values())
    assert all(found["zh"].values())
    with pytest.raises(SpecError, match="lang = 'fr'"):
        published_tables(lang="fr")
