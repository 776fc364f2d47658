"""How tables look, whatever file they are written to: blocks of rows under banners, in the words of a language."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import guards
from ...errors import DataError
from ...inference.publication import BEYOND
from ...keys import packaged
from ...naming import did_you_mean
from .letters import letter

if TYPE_CHECKING:
    from .result import Tables

LANGUAGES = ("en", "zh")
SHOWN = ("interval", "se", "count", "effective_n")
OPTIONS = ("title", "notes", "lang", "show", "digits")
HIDDEN, FLAGGED = "–", "*"


@dataclass(frozen=True)
class Look:
    """How a client wants them: title, further notes, language, what stands below the percentages, decimals of these."""

    title: str = ""
    notes: tuple[str, ...] = ()
    lang: str = "en"
    show: tuple[str, ...] = ()
    digits: int = 1

    @property
    def words(self) -> dict[str, str]:
        return packaged(__package__ or "", "words.toml")[self.lang]


@dataclass(frozen=True)
class Cell:
    """A number with the letters and the mark behind it; text where there is a text instead."""

    value: float = np.nan
    letters: str = ""
    mark: str = ""
    text: str = ""


@dataclass(frozen=True)
class Line:
    """A row: kind "n", "effective", "value", "below" (in small print) or "test"; unit "percent", "number", "count" or "text"."""

    kind: str
    label: str
    cells: tuple[Cell, ...]
    unit: str = "number"


@dataclass(frozen=True)
class Group:
    """Columns side by side under one heading: (text, letter) of each."""

    label: str
    columns: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Block:
    """One question: its heading, what it says below, its lines under the groups of columns, and tests, (group, text)."""

    label: str
    below: str
    lines: tuple[Line, ...]
    tests: tuple[tuple[int, str], ...] = field(default=())


@dataclass(frozen=True)
class Sheet:
    """Blocks under the same groups of columns."""

    name: str
    groups: tuple[Group, ...]
    blocks: tuple[Block, ...]


def look_of(options: Any) -> Look:
    """The look that options ask for, checked."""
    for name in options:
        if name not in OPTIONS:
            raise DataError(f"there is no option {name!r}{did_you_mean(name, OPTIONS)} There are {', '.join(OPTIONS)}.")
    made = dict(options)
    guards.choice(made.get("lang", "en"), "lang", LANGUAGES)
    for name in ("notes", "show"):
        made[name] = tuple(guards.words(made.get(name), name) or ())
    for word in made["show"]:
        guards.choice(word, "show", SHOWN)
    guards.whole_number(made.get("digits", 1), "digits", 0, 6)
    if not isinstance(made.get("title", ""), str):
        raise DataError(f"title = {guards.sight(made['title'])}: give a text.")
    return Look(**made)


def sheets(made: "Tables", by: str, look: Look) -> list[Sheet]:
    """The tables, a sheet for each banner or question, or one for all."""
    guards.choice(by, "sheets", ("banner", "question", "one"))
    questions, banners = range(len(made.questions)), range(max(len(made.banners), 1))
    at = _Places(made, look)
    if by == "banner":
        return [
            Sheet(
                made.banners[b].label if made.banners else look.words["total"],
                at.groups([b]),
                at.blocks(questions, [b]),
            )
            for b in banners
        ]
    if by == "question":
        return [Sheet(made.questions[q].label, at.groups(banners), at.blocks([q], banners)) for q in questions]
    return [Sheet(look.words["total"], at.groups(banners), at.blocks(questions, banners))]


class _Places:
    """Where the cells of every question and banner are."""

    def __init__(self, made: "Tables", look: Look) -> None:
        self.made, self.look, self.words, self.c = made, look, look.words, made.cells
        q, b, k, column = (self.c[name] for name in ("question", "banner", "level", "column"))
        self.at = {
            key: row for row, key in enumerate(zip(q.tolist(), b.tolist(), k.tolist(), column.tolist(), strict=True))
        }
        self.tests = {(q, b): rest for q, b, *rest in made.numbers.tests}
        self.bases = {(q, b): found for q, b, found in made.numbers.bases}

    def groups(self, banners: Sequence[int]) -> tuple[Group, ...]:
        total = Group("", ((self.words["total"], ""),))
        if not self.made.banners:
            return (total,)
        chosen = [self.made.banners[b] for b in banners]
        names = ([self._named(x) for x in one.levels] for one in chosen)
        return (total, *(Group(b.label, tuple((x, letter(c)) for c, x in enumerate(n))) for b, n in zip(chosen, names)))

    def _named(self, level):
        """A level as it is printed; text without a sign is one too."""
        return level if level.strip() else self.words["blank"]

    def blocks(self, questions: Sequence[int], banners: Sequence[int]) -> tuple[Block, ...]:
        return tuple(self._block(q, banners) for q in questions)

    def _columns(self, banners):
        """(banner, column) of every column shown, the total of the first banner in front."""
        own = (
            [(b, c) for b in banners for c in range(1, 1 + len(self.made.banners[b].levels))]
            if self.made.banners
            else []
        )
        return [(banners[0], 0), *own]

    def _block(self, q, banners):
        one, words, percent = self.made.questions[q], self.words, self.made.settings.percent
        columns, lines = self._columns(banners), []
        for kind, label, place in (("n", words["n_row"], 0), ("effective", words["effective_row"], 1)):
            cells = tuple(Cell(float(self.bases[q, b][place, c])) for b, c in columns)
            lines.append(Line(kind, label, cells, "count"))
        unit = "number" if one.kind == "mean" else "percent"
        for k, name in enumerate(self.made.shown(one)):
            rows = [self.at[q, b, k, c] for b, c in columns]
            label = words["mean"] if one.kind == "mean" else words["yes"] if one.kind == "truth" else self._named(name)
            lines.append(Line("value", label, tuple(map(self._cell, rows)), unit))
            lines += [self._below(what, rows, unit) for what in self.look.show]
        says = words["mean_of"] if one.kind == "mean" else words["percent_total" if percent == "total" else percent]
        says += f", {words['set']}" if one.kind == "set" else ""
        tests = [(1 + g, self._tested(self.tests[q, b])) for g, b in enumerate(banners) if (q, b) in self.tests]
        return Block(one.label, says, tuple(lines), tuple((g, text) for g, text in tests if text))

    def _cell(self, row):
        flag = "" if self.made.flags is None else self.made.flags[row]
        value = float(self.c["estimate"][row])
        if np.isnan(value):
            return Cell(text=HIDDEN)
        return Cell(value, str(self.c["exceeds"][row]), FLAGGED if flag and flag != BEYOND else "")

    def _below(self, what, rows, unit):
        factor, c = 100 if unit == "percent" else 1, self.c
        label = self.words["effective" if what == "effective_n" else what].format(
            level=f"{100 * self.made.settings.level:g}"
        )
        if what == "interval":
            low, high, digits = (
                c["lower"][rows] * factor,
                c["upper"][rows] * factor,
                self.look.digits + (unit == "number"),
            )
            texts = [f"{a:,.{digits}f}–{b:,.{digits}f}" if a == a else HIDDEN for a, b in zip(low, high, strict=True)]
            return Line("below", label, tuple(Cell(text=text) for text in texts), "text")
        numbers = c["se" if what == "se" else what][rows].astype(float)
        cells = tuple(Cell(text=HIDDEN) if np.isnan(v) else Cell(float(v)) for v in numbers)
        return Line("below", label, cells, unit if what == "se" else "count")

    def _tested(self, test):
        name, statistic, df, p = test
        if not name or np.isnan(statistic):
            return ""
        degrees = ", ".join(f"{d:,.4g}" for d in df)
        return f"{name}({degrees}) = {statistic:,.4g}, p {'< 0.001' if p < 0.001 else f'= {p:.3f}'}"


def notes(made: "Tables", look: Look) -> list[str]:
    """What readers have to know: weighting, base, intervals, letters, tests, what is hidden; then the client's own lines."""
    words, told, s = look.words, made.told, made.settings
    n, weight, level = f"{told['n']:,}", f"{told['weight']:,.0f}", f"{100 * s.level:g}"
    found = [
        words[f"note_{s.percent}"],
        words["note_weighted" if told["weighted"] else "note_unweighted"].format(n=n, weight=weight),
    ]
    if told["raked"]:
        found.append(words["note_raked"])
    if "interval" in look.show:
        found.append(words["note_interval"].format(ci=s.ci, level=level))
    if s.letters is not None and any(len(one.levels) > 1 for one in made.banners):
        alpha = [f"{100 * a:g}" for a in s.letters.alpha]
        found.append(words["note_letters"].format(alpha=alpha[0], adjust=words[f"adjust_{s.letters.adjust}"]))
        found += [words["note_small"].format(alpha=alpha[1])] if len(alpha) > 1 else []
    if made.numbers.tests:
        found.append(words["note_test"].format(test=words[f"test_{s.test}"]))
    if made.flags is not None:
        found.append(words["note_rule"].format(rule=told["rule"]))
        found += [words["note_beyond"]] if BEYOND in made.flags else []
    if made.set_aside:
        first = [f"{count:,} ({name})" for name, count in list(made.set_aside.items())[:8]]
        more = len(made.set_aside) - len(first)
        found.append(
            words["note_aside"].format(
                text=", ".join(first) + (", " + words["and_others"].format(n=more) if more > 0 else "")
            )
        )
    return [*found, *look.notes]


def shown(line: Line, cell: Cell, look: Look) -> str:
    """A cell as text, with its mark, without its letters."""
    if cell.text:
        return cell.text
    if line.unit == "percent":
        return f"{100 * cell.value:,.{look.digits}f}{cell.mark}"
    return f"{cell.value:,.{0 if line.unit == 'count' else look.digits + 1}f}{cell.mark}"


def as_text(made: "Tables", most: int = 6) -> str:
    """The first tables for a terminal."""
    look, texts = Look(), []
    for sheet in sheets(made, "banner", look):
        for block in sheet.blocks[:most]:
            columns = [column for group in sheet.groups for column in group.columns]
            rows = [["", *(text for text, _ in columns)]]
            if any(name for _, name in columns):
                rows.append(["", *(name for _, name in columns)])
            for line in block.lines:
                label = {"n": look.words["n"], "effective": look.words["effective"]}.get(line.kind, line.label)
                rows.append([label, *(" ".join(filter(None, (shown(line, c, look), c.letters))) for c in line.cells)])
            widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
            texts.append(f"{block.label}, {block.below}")
            texts += [
                "  ".join(
                    v.ljust(w) if k == 0 else v.rjust(w) for k, (v, w) in enumerate(zip(row, widths, strict=True))
                )
                for row in rows
            ]
            texts += [f"{sheet.groups[g].label}: {text}" for g, text in block.tests]
    if len(made.questions) * max(len(made.banners), 1) > 1:
        texts.append(made.summary())
    return "\n".join(text.rstrip() for text in texts)


def as_markdown(made: "Tables", options: Any) -> str:
    """Markdown tables, one for each question and banner, with their notes."""
    look = look_of(options)
    parts = [f"# {_plain(look.title)}"] if look.title else []
    for sheet in sheets(made, "question", look):
        for block in sheet.blocks:
            parts.append(f"## {_plain(block.label)}\n\n{_plain(block.below)}")
            head = ["", *(_heading(g, text, name, len(sheet.groups)) for g in sheet.groups for text, name in g.columns)]
            rows = [head, ["---", *["---:"] * (len(head) - 1)]]
            for line in block.lines:
                cells = (
                    " ".join(filter(None, (shown(line, c, look), f"**{c.letters}**" if c.letters else "")))
                    for c in line.cells
                )
                rows.append([_plain(line.label), *cells])
            table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
            tests = "\n".join(f"- {_plain(sheet.groups[g].label)}: {_plain(text)}" for g, text in block.tests)
            parts += [table] + ([tests] if tests else [])
    parts += [f"**{look.words['notes']}**", "\n".join(f"- {_plain(note)}" for note in notes(made, look))]
    return "\n\n".join(parts) + "\n"


def _heading(group, text, name, groups):
    label = f"{group.label}: {text}" if group.label and groups > 2 else text
    return _plain(label) + (f" ({name})" if name else "")


def _plain(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    text = " ".join(str(text).split())
    for sign in "\\`*_[]<>|#":
        text = text.replace(sign, f"\\{sign}")
    return text
