"""The file that says which tables somebody wants: questions, banners, how they are made, and how they look."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from ..survey.fieldwork_spec import Part

Name = Annotated[str, Field(min_length=1, max_length=1000)]
Names = Annotated[tuple[Name, ...], Field(strict=False, min_length=1)]
Texts = Annotated[tuple[str, ...], Field(strict=False)]
Alpha = Annotated[float, Field(gt=0, lt=1)]
Interval = Literal["wald", "logit", "xlogit", "wilson", "beta", "korn-graubard", "asin"]


class QuestionSpec(Part):
    """A question: a column, or columns of which several may hold."""

    column: Name | None = None
    columns: Names | None = None
    label: str | None = None
    kind: Literal["levels", "mean"] | None = None
    counted: str | int | None = None


class TablesSpec(Part):
    """Keys of the file; all but `questions` may be left out."""

    title: str = ""
    questions: Annotated[tuple[Name | QuestionSpec, ...], Field(strict=False, min_length=1)]
    banners: Annotated[tuple[Name | Names, ...], Field(strict=False)] = ()
    percent: Literal["column", "row", "total"] = "column"
    interval: Interval = "logit"
    level: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    test: Literal["F", "Chisq", "Wald", "adjWald", "none"] = "F"
    letters: bool = True
    adjust: Literal["bonferroni", "holm", "none"] = "bonferroni"
    alpha: Annotated[tuple[Alpha, ...], Field(strict=False, min_length=1, max_length=2)] = (0.05,)
    rule: Annotated[tuple[Name, ...], Field(strict=False)] = ()
    complementary: bool = True
    language: Literal["en", "zh"] = "en"
    sheets: Literal["banner", "question", "one"] = "banner"
    show: Annotated[tuple[Literal["interval", "se", "count", "effective_n"], ...], Field(strict=False)] = ()
    digits: Annotated[int, Field(ge=0, le=6)] = 1
    notes: Texts = ()
    labels: dict[str, str] = Field(default_factory=dict)

    def mistakes_between(self, place: Any) -> list[str]:
        """What is wrong between its keys."""
        return list(self._mistakes(f"{place}: " if place else ""))

    def _mistakes(self, place: str) -> Iterator[str]:
        for k, q in enumerate(self.questions):
            if not isinstance(q, str) and (q.column is None) == (q.columns is None):
                yield f"{place}questions[{k}]: give column, or columns for answers of which several may hold."
            if not isinstance(q, str) and q.columns is None and q.counted is not None:
                yield f"{place}questions[{k}].counted is for columns, of which several may hold."
            if not isinstance(q, str) and q.columns is not None and q.kind is not None:
                yield f"{place}questions[{k}].kind is for one column; a set has the share that chose each."

    def settings(self) -> dict[str, Any]:
        """Keywords of `Survey.tables`, but for questions, banners and labels."""
        made = {name: getattr(self, name) for name in ("percent", "level", "letters", "adjust", "alpha")}
        return made | {"ci": self.interval, "test": None if self.test == "none" else self.test}

    def look(self) -> dict[str, Any]:
        """Options of the files' looks."""
        names = {"title": self.title, "notes": list(self.notes), "lang": self.language}
        return names | {"show": list(self.show), "digits": self.digits}
