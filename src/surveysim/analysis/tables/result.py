"""`Tables`: the result of questions by banners, as one tidy table, for reading and for handing over."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from ... import guards
from ...aliases import OwnKind, Pathname
from ...display import Shown, csv_text
from ...errors import DataError
from ...inference import intervals
from ...inference.publication import Facts, decide, hidden, rules
from ...inference.questions import tell
from ...on_demand import Later
from ...tables import in_kind, kind_of
from ...writing import write_text
from ..independence import STATISTICS
from .asking import Asking, Banner, Question
from .letters import ADJUSTMENTS, letter
from .letters import Rule as LetterRule
from .numbers import PERCENTS, Numbers, Settings, numbers
from .suppression import complementary

# what lays a result out knows of results, and needs an extra
layout, excel = Later(__package__, ".layout"), Later(__package__, ".excel")
great, word = Later(__package__, ".great"), Later(__package__, ".word")

if TYPE_CHECKING:
    from ...estimation.survey import Survey

NUMBERS = ("estimate", "se", "lower", "upper", "df", "n", "count", "effective_n")
ASIDE = 6  # variables with missing values that a warning names
HIDDEN = ("estimate", "se", "lower", "upper", "effective_n", "count")


@dataclass(frozen=True)
class Tables(Shown):
    """Tables of questions by banners.

    Attributes
    ----------
    questions, banners : what was asked, with labels. numbers : cells, tests and bases. settings : how they were made.
    flags : (cells,) why a cell is hidden, or to be looked at; empty where it is not. told : facts for notes: respondents, weights, design.
    set_aside : rows left out because a variable was missing, by variable. kind : of the survey's table.

    Examples
    --------
    >>> import pandas as pd, surveysim as ss
    >>> data = pd.DataFrame({"sex": list("ffmm") * 20, "online": ["yes", "no", "yes", "yes"] * 20})
    >>> tables = ss.Survey(data).crosstab("online", "sex")
    >>> print(tables)
    online, percent of columns
                 Total     f      m
                           A      B
    n               80    40     40
    effective n     80    40     40
    no            25.0  50.0    0.0
    yes           75.0  50.0  100.0
    sex: F(1, 79) = 29.26, p < 0.001
    >>> tables.to_frame()[["level", "column", "estimate", "n"]].values.tolist()[4]
    ['yes', 'f', 0.5, 40]
    """

    questions: tuple[Question, ...]
    banners: tuple[Banner, ...]
    numbers: Numbers
    settings: Settings
    told: dict
    set_aside: dict
    kind: str | None = None
    flags: np.ndarray | None = field(default=None, repr=False)
    cells: dict = field(default_factory=dict, repr=False)  # as shown: those of `numbers`, some hidden

    @cached_property
    def table(self) -> pd.DataFrame:
        """What `to_frame` copies."""
        c = self.cells
        q, b, k, column = (c[name] for name in ("question", "banner", "level", "column"))
        levels = [[one.label] if one.kind == "mean" else self.shown(one) for one in self.questions]
        columns = [["Total", *banner.levels] for banner in self._columns]
        names = {
            "question": _taken([one.name for one in self.questions], q),
            "label": _taken([one.label for one in self.questions], q),
            "level": _nested(levels, q, k),
            "banner": _taken([one.name for one in self._columns], b),
            "column": _nested(columns, b, column),
            "letter": _nested([["", *map(letter, range(len(one) - 1))] for one in columns], b, column),
            "statistic": np.where(c["share"], "proportion", "mean"),
        }
        made = pd.DataFrame({**names, **{name: c[name] for name in NUMBERS}, "exceeds": c["exceeds"]})
        return made if self.flags is None else made.assign(flag=self.flags)

    @property
    def _columns(self) -> Sequence[Banner]:
        return self.banners or (Banner("", "", (), np.empty(0)),)

    @staticmethod
    def shown(question: Question) -> tuple[str, ...]:
        """Names of a question's rows."""
        return ("True",) if question.kind == "truth" else question.levels

    def to_frame(self) -> OwnKind:
        """Tidy table, of the kind of the survey's: one row for each cell; proportions are shares.

        question, label, level, banner, column, letter, statistic, estimate, se, lower, upper, df, n (rows in the denominator), count (rows
        in the cell), effective_n, exceeds (letters of the columns it exceeds), and flag where a rule of publication was applied.
        """
        return in_kind(self.table, self.kind)

    @property
    def tests(self) -> pd.DataFrame:
        """The tests of each question and banner: question, banner, test, statistic, df1, df2, p_value; NaN where there is none."""
        rows = []
        for q, b, name, statistic, df, p in self.numbers.tests:
            first, second = (*df, np.nan, np.nan)[:2]
            rows.append((self.questions[q].name, self._columns[b].name, name, statistic, first, second, p))
        return pd.DataFrame(rows, columns=["question", "banner", "test", "statistic", "df1", "df2", "p_value"])

    @property
    def bases(self) -> pd.DataFrame:
        """Rows, Kish's effective rows and weights of every column: question, banner, column, n, effective_n, weight."""
        columns = [["Total", *banner.levels] for banner in self._columns]
        rows = [
            (self.questions[q].name, self._columns[b].name, columns[b][c], int(n), effective, weight)
            for q, b, found in self.numbers.bases
            for c, (n, effective, weight) in enumerate(found.T.tolist())
        ]
        return pd.DataFrame(rows, columns=["question", "banner", "column", "n", "effective_n", "weight"])

    def publish(self, rule: Any = "nchs", complementary: bool = True) -> Self:
        """The same tables with what must not be printed hidden, and why in the column `flag`.

        Parameters
        ----------
        rule : as for `Estimates.publish`.
        complementary : also hide cells from which a hidden one could be had by subtraction from a margin.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> data = pd.DataFrame({"sex": list("ffmm") * 20, "online": ["yes", "no", "yes", "yes"] * 20})
        >>> published = ss.Survey(data).crosstab("online", "sex").publish("minimum=25")
        >>> published.table[["level", "column", "estimate", "flag"]].iloc[:3].values.tolist()
        [['no', 'Total', nan, 'count < 25'], ['no', 'f', nan, 'count < 25'], ['no', 'm', 0.0, '']]
        """
        given, c = rules(rule), dict(self.numbers.cells)
        guards.flag(complementary, "complementary")
        facts = Facts(
            c["estimate"], c["se"], c["n"], c["df"], self.settings.level, c["share"], c["effective_n"], c["count"]
        )
        found = decide(given, facts)
        hide, flags = found.hide, found.flags
        if complementary:
            hide, flags = _complemented(self, hide, flags)
        for name in HIDDEN:
            c[name] = hidden(c[name], hide)
        c["exceeds"] = np.where(hide, "", c["exceeds"])
        return replace(self, cells=c, flags=flags, told=self.told | {"rule": ", ".join(one.name for one in given)})

    def summary(self) -> str:
        """One line: how many tables and cells, and how many of them are hidden."""
        n, hidden_ = len(self.cells["estimate"]), 0
        if self.flags is not None:
            hidden_ = int((np.isnan(self.cells["estimate"]) & (self.flags != "")).sum())
        text = f"{len(self.questions)} questions by {len(self.banners)} banners, {n:,} cells"
        return text + (f", {hidden_:,} of them hidden" if hidden_ else "")

    def __repr__(self) -> str:
        return layout.as_text(self)

    def _shown(self) -> pd.DataFrame:
        return self.table

    # ------------------------------------------------------------------------------------------------------------ files
    def to_csv(self, path: Pathname) -> None:
        """Write the tidy table as CSV; text that a spreadsheet would run as a formula gets an apostrophe in front."""
        write_text(path, csv_text(self.table, number=None))

    def to_excel(self, path: Pathname, sheets: str = "banner", **options: Any) -> None:
        """Write a workbook: a page of contents, and a sheet for each banner, each question, or one for all.

        Parameters
        ----------
        sheets : "banner", "question" or "one".
        options : title, notes (a list of lines), lang ("en" or "zh"), show (any of "interval", "se", "count" and "effective_n" below the
            percentages) and digits (decimals of percentages).
        """
        excel.write(self, path, sheets, options)

    def to_html(self, path: Pathname, **options: Any) -> None:
        """Write a page of HTML, by great_tables; options as for `to_excel`."""
        great.write_html(self, path, options)

    def to_latex(self, path: Pathname, **options: Any) -> None:
        """Write LaTeX tables (package booktabs), by great_tables; options as for `to_excel`."""
        great.write_latex(self, path, options)

    def to_word(self, path: Pathname, **options: Any) -> None:
        """Write a Word document, by python-docx; options as for `to_excel`."""
        word.write(self, path, options)

    def to_markdown(self, path: Pathname | None = None, **options: Any) -> str:
        """Markdown tables, written to a file if one is given; options as for `to_excel`."""
        text = layout.as_markdown(self, options)
        if path is not None:
            write_text(path, text)
        return text


def tables(survey: "Survey", questions: Any, banners: Any, labels: Any, value_labels: Any, settings: Any) -> Tables:
    """The tables of a Survey; see `Survey.tables`."""
    made = _settings(**settings)
    asking = Asking(survey, labels, value_labels)
    rows, columns = asking.questions(questions), asking.banners(banners)
    aside = _aside(rows, columns, asking.inside)
    shown = dict(list(aside.items())[:ASIDE])
    if len(aside) > ASIDE:
        shown[f"{len(aside) - ASIDE} others"] = sum(aside.values()) - sum(shown.values())
    tell(shown, 4)
    found = numbers(survey, rows, columns, made)
    weight = survey.design.weight[asking.inside]
    told = {"n": int(asking.inside.sum()), "weight": float(weight.sum()), "weighted": bool(np.ptp(weight) > 0)}
    told |= {"raked": bool(survey.adjustments), "replicates": survey.engine is not survey.design}
    return Tables(tuple(rows), tuple(columns), found, made, told, aside, kind_of(survey.data), None, found.cells)


def _settings(percent, ci, level, df, test, adjust, alpha, letters):
    """The settings of a call, checked."""
    guards.choice(percent, "percent", PERCENTS)
    guards.choice(ci, "ci", intervals.METHODS)
    guards.choice(test, "test", (*STATISTICS, None))
    guards.choice(adjust, "adjust", ADJUSTMENTS)
    guards.flag(letters, "letters")
    shares = tuple(sorted(guards.number_array([alpha] if guards.is_number(alpha) else alpha, "alpha").tolist()))
    if len(shares) not in (1, 2) or not all(0 < share < 1 for share in shares):
        raise DataError(f"alpha = {guards.sight(alpha)}: give a level such as 0.05, or two, (0.05, 0.1).")
    rule = LetterRule(shares, adjust) if letters else None
    return Settings(percent, ci, guards.level(level), guards.degrees(df), test, rule)


def _aside(questions, banners, inside):
    """Rows of weight that a question or a banner misses."""
    found = {one.name: int((inside & (one.codes[0] < 0)).sum()) for one in questions}
    found |= {one.name: int((inside & (one.codes < 0)).sum()) for one in banners}
    return {name: count for name, count in found.items() if count}


def _complemented(made, hide, flags):
    """Also hide what would give a hidden cell away: table by table, with the total that the tables of a question share."""
    c, percent = made.numbers.cells, made.settings.percent
    hide, flags = hide.copy(), flags.copy()
    key = c["question"] * (1 + len(made.banners)) + c["banner"]
    tables_of = np.split(
        np.arange(len(key)), 1 + np.flatnonzero(np.diff(key))
    )  # cells of a set's answers come banner by banner
    places: dict[int, dict[int, list]] = {}
    for at in tables_of:
        places.setdefault(int(c["question"][at[0]]), {}).setdefault(int(c["banner"][at[0]]), []).append(at)
    for q, banners in places.items():
        at_all = [np.concatenate(parts).reshape(-1, 1 + len(made._columns[b].levels)) for b, parts in banners.items()]
        while True:
            before = hide[np.concatenate([at.ravel() for at in at_all])].sum()
            for at in at_all:
                adds_up = np.full(at.shape[1], made.questions[q].kind == "levels" and percent == "column")
                adds_up[0] |= made.questions[q].kind == "levels" and percent == "total"
                given = hide[at].copy()
                given[:, 0] &= percent != "row"  # 100 % whatever is hidden
                more = at[complementary(given, c["count"][at], adds_up)]
                flags[more], hide[more] = "complementary", True
            if percent == "column":
                totals = np.stack([at[:, 0] for at in at_all])
                shared = hide[totals].any(axis=0)
                for at in totals:
                    new = at[shared & ~hide[at]]
                    flags[new], hide[new] = "complementary", True
            if hide[np.concatenate([at.ravel() for at in at_all])].sum() == before:
                break
    return hide, flags


def _taken(names, at):
    return np.array(names, dtype=object)[at]


def _nested(lists, first, second):
    """Names by two positions."""
    start = np.cumsum([0, *map(len, lists)])[:-1]
    return np.array([name for names in lists for name in names], dtype=object)[start[first] + second]
