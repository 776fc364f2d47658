"""What the scripts of this folder share: how large they run, and where their pages and figures go."""

import argparse
from dataclasses import dataclass, field
from pathlib import Path

import surveysim as ss

DOCS = Path(__file__).parents[1] / "docs"
SMALL = {  # a population of some seconds, and a sample that it can yield
    "population": {"scale": 0.02},
    "sample": {"interviews": 5000, "minimum_per_province": 0, "minimum_per_unit": 2},
}


@dataclass(frozen=True)
class Run:
    """Repetitions, the folder of the documentation that is written to, what differs from the survey as it is, and a folder for what a long
    run has done, where a script keeps it."""

    repetitions: int
    docs: Path = DOCS
    differs: dict = field(default_factory=dict)
    keep: Path | None = None

    @classmethod
    def small(cls, folder):
        """A run of two repetitions that shows that a script works."""
        for name in ("explanation", "_static"):
            (Path(folder) / name).mkdir(parents=True, exist_ok=True)
        return cls(2, Path(folder), SMALL)

    @classmethod
    def asked(cls, repetitions=1):
        """What the command line asks for."""
        parser = argparse.ArgumentParser()
        parser.add_argument("repetitions", nargs="?", type=int, default=repetitions)
        parser.add_argument("--small", metavar="DIR", help="two repetitions of a small population, written to DIR")
        parser.add_argument(
            "--keep",
            metavar="DIR",
            type=Path,
            help="where work of hours keeps what is done",
        )
        given = parser.parse_args()
        return cls.small(given.small) if given.small else cls(given.repetitions, keep=given.keep)

    def spec(self, **changes):
        """The preset survey with changes."""
        rooms = {*changes, *self.differs}
        merged = {room: changes.get(room, {}) | self.differs.get(room, {}) for room in rooms}
        return ss.SurveySpec.preset("cnnic-2024-12", **merged)

    def page(self, name, text):
        (self.docs / "explanation" / f"{name}.md").write_text(text, encoding="utf-8")

    def table(self, name, table):
        table.to_csv(self.docs / "explanation" / f"{name}.csv", index=False, lineterminator="\n")

    def figure(self, name, drawing):
        drawing.savefig(self.docs / "_static" / f"{name}.svg", metadata={"Date": None})
