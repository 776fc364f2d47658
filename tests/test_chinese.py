"""The Chinese of pages, pictures and documentation: one word for one thing, the glossary's, and Chinese marks."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXTS = {
    name: tomllib.loads((ROOT / "src" / "surveysim" / name).read_text(encoding="utf-8"))
    for name in ("report/labels.toml", "pictures/words.toml")
}
PAGES = sorted((ROOT / "docs").rglob("*-zh.md"))
OTHER_WORDS = {  # what is not written, and the word that is
    "蒙特卡罗": "蒙特卡洛",
    "真实值": "真值",
    "权重": "权数",
    "样本框": "抽样框",
    "应答率": "回答率",
    "无应答": "无回答",
    "误差范围": "误差界限",
    "复写": "复制权数",
    "座机": "固定电话",
}

OTHERWISE = {"stage"}  # labels that mean another thing than the glossary's term: of the survey, not of sampling


def prose(text):
    """What is to be read: without code, addresses and formulas."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)
    return re.sub(r"`[^`]*`|\]\([^)]*\)|\$[^$]*\$|<[^>]+>|\{[^}]*\}", "", text)


def chinese():
    """(where, text) of everything."""
    found = [(f"{name}: {key}", prose(text)) for name, table in TEXTS.items() for key, text in table["zh"].items()]
    return found + [(path.name, prose(path.read_text(encoding="utf-8"))) for path in PAGES]


def glossary():
    """{English term: its Chinese words}."""
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|", (ROOT / "docs/reference/glossary.md").read_text("utf-8"), re.M)
    return {term.strip().lower(): re.split("[，；、]", words.strip()) for term, words in rows}


@pytest.mark.parametrize(("other", "word"), OTHER_WORDS.items())
def test_one_word_for_one_thing(other, word):
    quoted = f"“{other}”"  # where a word is spoken of
    assert not [where for where, text in chinese() if other in text.replace(quoted, "")], f"write {word}"


def test_marks_between_chinese_letters_are_full_width():
    found = {where: re.findall(r"[\u4e00-\u9fff][,;:?!()] ?[\u4e00-\u9fff]", text) for where, text in chinese()}
    assert not {where: marks for where, marks in found.items() if marks}


def test_ages_have_their_unit_and_the_percent_sign_no_space():
    for where, text in chinese():
        assert not re.search(r"\d+-\d+ ?网民|\d\+ ?网民", text), where
        assert not re.search(r"\d\s%", text), where


def test_labels_that_are_terms_have_the_words_of_the_glossary():
    terms, seen = glossary(), 0
    assert len(terms) > 80
    for name, table in TEXTS.items():
        for key, english in table["en"].items():
            words = terms.get(english.lower())
            if words and key not in OTHERWISE:
                seen += 1
                assert any(word in table["zh"][key] for word in words), (name, key, words)
    assert seen > 8


def test_pages_in_chinese_are_those_a_reader_starts_with():
    assert {path.name for path in PAGES} == {"index-zh.md", "tutorial-zh.md", "files-zh.md", "audit-zh.md"}
    index = (ROOT / "docs" / "index-zh.md").read_text(encoding="utf-8")
    for path in PAGES:
        assert path.name == "index-zh.md" or path.relative_to(ROOT / "docs").as_posix() in index
