"""Domain names: one name however it is written, its suffix, its category, and what is no name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveysim.errors import DataError
from surveysim.registry import count_domains
from surveysim.registry.domains import group, split

LABEL = st.one_of(
    st.from_regex("[a-z0-9]{4,12}", fullmatch=True),
    st.text("中国互联网络信息例子测试域名东西南北", min_size=1, max_size=8),
)


@given(LABEL, st.sampled_from(["cn", "com.cn", "bj.cn", "中国", "com", "top", "公司", "xn--fiqs8s"]), st.data())
def test_split__every_spelling_is_one_name(label, suffix, data):
    name = split(f"{label}.{suffix}")
    stop = data.draw(st.sampled_from([".", "。", "．"]))
    other = f"{label}.{suffix}".upper().replace(".", stop) + data.draw(st.sampled_from(["", "."]))
    assert split(other) == split(name[0]) == split(f" {name[0].upper()} ") == name
    assert name[0].isascii()


@pytest.mark.parametrize(
    ("text", "suffix", "category", "row"),
    [
        ("a.cn", "cn", "cn", "cn"),
        ("a.com.cn", "cn", "com", "cn"),
        ("a.mil.cn", "cn", "mil", "cn"),
        ("a.tw.cn", "cn", "adm", "cn"),
        ("a.中国", "中国", "", "中国"),
        ("a.xn--fiqs8s", "中国", "", "中国"),
        ("a.中國", "中國", "", "other"),
        ("a.co.uk", "uk", "", "other"),
        ("a.com.hk", "hk", "", "other"),
        ("a.公司", "公司", "", "new gTLD"),
        ("a.xyz", "xyz", "", "new gTLD"),
        ("a.biz", "biz", "", "other"),
        ("a.рф", "рф", "", "other"),
        ("ａ.ＣＮ", "cn", "cn", "cn"),
        ("com.com", "com", "", "com"),
        ("bj.com.cn", "cn", "com", "cn"),
    ],
)
def test_split__suffixes_and_categories(text, suffix, category, row):
    assert split(text)[1:] == (suffix, category)
    assert group(suffix) == row


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no label"),
        (".", "no label"),
        ("cn", "no suffix"),
        ("a..cn", "no label"),
        ("-a.cn", "inner hyphens"),
        ("a-.cn", "inner hyphens"),
        ("a_b.cn", "inner hyphens"),
        ("a b.cn", "inner hyphens"),
        ("http://a.cn", "inner hyphens"),
        ("x" * 64 + ".cn", "63 at most"),
        ("例" * 60 + ".cn", "IDNA"),
        (".".join(["x" * 60] * 5) + ".uk", "253 at most"),
        ("xn--zzzzzz99.cn", "IDNA"),
        ("192.0.2.1", "nothing is registered under .1"),
        ("a.test", "nothing is registered under .test"),
        ("com.cn", "second-level category"),
        ("gd.cn", "second-level category"),
        ("www.a.cn", "below the registered name a.cn"),
        ("www.a.com.cn", "below the registered name a.com.cn"),
        ("www.a.com", "below the registered name a.com"),
        ("www.a.中国", "below the registered name a.xn--fiqs8s"),
    ],
)
def test_split__what_is_no_registered_name(text, reason):
    with pytest.raises(ValueError, match=reason):
        split(text)


def test_categories__are_seven_and_34_regions():
    from surveysim.registry.domains import _known

    known = _known()
    assert (len(known["categories"]), len(set(known["regions"]))) == (7, 34)
    assert all(split(f"a.{region}.cn")[2] == "adm" for region in known["regions"])
    for tld in known["country_codes"]:
        assert group(split(f"a.{tld}")[1]) in ("other", "中国"), tld


def test_count__by_hand(tmp_path):
    path = tmp_path / "names.csv"
    path.write_text(
        "domain,province,registrant\na.cn,北京,person\nA.CN.,上海,person\nb.com.cn,,\nc.gd.cn,广东省,organisation\n"
        "例子.中国,Guangdong,person\n\nd.com,Atlantis,person\ne.top,其他,\nf f.cn,北京,person\ng.cn,北京\n",
        encoding="utf-8",
    )
    count = count_domains(path)
    assert count.total == 6
    assert dict(count.by("suffix")[["suffix", "domains"]].to_numpy()) == {"cn": 3, "中国": 1, "com": 1, "top": 1}
    assert dict(count.by("category")[["category", "domains"]].to_numpy()) == {"cn": 1, "com": 1, "adm": 1}
    provinces = count.by("province").set_index("province")
    assert provinces.loc["440000"].tolist() == [2, 1, 1]
    assert provinces.loc["unknown", "domains"] == 2
    assert provinces.loc["999999", "domains"] == 1
    assert provinces.index[-1] == "unknown"
    assert dict(count.by("registrant")[["registrant", "domains"]].to_numpy()) == {
        "person": 3,
        "organisation": 1,
        "unknown": 2,
    }
    assert [(p.line, p.used) for p in count.problems] == [(3, False), (8, True), (10, False), (11, False)]
    assert "repeats line 2" in count.problems[0].reason
    with pytest.raises(DataError, match="line 3"):
        count_domains(path, strict=True)
    with pytest.raises(DataError, match="choose one of"):
        count.by("city")


def test_count__names_in_two_lists_count_once(tmp_path):
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    one.write_text("domain\na.cn\nb.cn\n")
    two.write_text("Domain,other\nB.cn,x\nc.cn,y\n")
    count = count_domains(one, two)
    assert (count.total, [(p.path, p.line) for p in count.problems]) == (3, [(str(two), 2)])
    assert count_domains(two, one).by("suffix").equals(count.by("suffix"))


def test_count__does_not_depend_on_the_order_of_lists(tmp_path):
    one, two = tmp_path / "1.csv", tmp_path / "2.csv"
    one.write_text("domain,province,registrant\na.cn,,\nb.cn,广东,org\n", encoding="utf-8")
    two.write_text("domain,province,registrant\nA.CN.,北京,person\nb.cn,上海,不详\n", encoding="utf-8")
    found = [count_domains(*paths) for paths in ((one, two), (two, one))]
    assert found[0].counts == found[1].counts
    assert found[0].counts[("cn", "cn", "110000", "person")] == 1
    assert all("says otherwise" in p.reason for c in found for p in c.problems)
    assert [len(c.problems) for c in found] == [2, 2]
