"""What a study is, as results and its folder hold it: scenarios with what they depend on, their methods and estimands; to and from JSON."""

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from .. import guards
from ..errors import StudyError

FORMAT = 2
CHECKSUM = "checksum"


@dataclass(frozen=True)
class Entry:
    """A value with named fields, which can be asked for as of a dict too."""

    def __getitem__(self, name: str) -> Any:
        if name not in (field.name for field in fields(self)):
            raise KeyError(name)
        return getattr(self, name)


@dataclass(frozen=True)
class EstimandEntry(Entry):
    """What is estimated: an estimand in one of its domains ("" is everybody), its exact value, and whether it is a share."""

    name: str
    domain: str
    kind: str
    unit: str
    share: bool
    true: float

    @property
    def whole(self) -> float:
        """What a share is of, in its unit."""
        return 100.0 if self.unit == "percent" else 1.0


@dataclass(frozen=True)
class MethodEntry(Entry):
    """What readers of results need to know of a method; functions that were handed in have a name and an interval."""

    name: str
    interval: str = "wald"
    variance: str | None = None
    replicates: int | None = None
    estimator: str | None = None

    def to_json(self) -> dict:
        """Its fields; those that a function has."""
        return asdict(self) if self.estimator is not None else {"name": self.name, "interval": self.interval}


@dataclass(frozen=True)
class ScenarioEntry(Entry):
    """A scenario: name, the keys that vary, id (digest of `facts`, what results depend on), level of intervals, methods, estimands."""

    id: str
    facts: dict = field(repr=False)
    level: float
    methods: tuple[MethodEntry, ...]
    estimands: tuple[EstimandEntry, ...] = field(repr=False)
    name: str = ""
    varied: dict = field(default_factory=dict)

    @property
    def controlled(self) -> bool:
        """Whether its repetitions have control variates."""
        return "study.control_variates" in self.facts

    def method(self, name: Any) -> int:
        """The place of a method."""
        names = [m.name for m in self.methods]
        if not any(guards.is_text(name, known) for known in names):
            raise StudyError(f"there is no method {guards.sight(name)}; there are {', '.join(names)}.")
        return names.index(name)

    def estimand(self, name: str, domain: str = "") -> int:
        """The place of an estimand in a domain."""
        for e, estimand in enumerate(self.estimands):
            if estimand.name == name and estimand.domain == domain:
                return e
        known = dict.fromkeys(e.name for e in self.estimands)
        if name in known:
            domains = [e.domain or '""' for e in self.estimands if e.name == name]
            raise StudyError(
                f"the estimand {name!r} has no domain {domain!r}; give domain=, one of {', '.join(domains[:8])}"
                f"{' …' if len(domains) > 8 else ''}."
            )
        raise StudyError(
            f"there is no estimand {name!r}{f' in {domain!r}' if domain else ''}; there are {', '.join(known)}."
        )

    def to_json(self) -> dict:
        """Its fields as JSON has them."""
        own = {name: getattr(self, name) for name in ("id", "facts", "level", "name", "varied")}
        return own | {
            "methods": [method.to_json() for method in self.methods],
            "estimands": [asdict(estimand) for estimand in self.estimands],
        }

    @classmethod
    def from_json(cls, data: dict) -> "ScenarioEntry":
        """The scenario of `to_json`."""
        methods = tuple(MethodEntry(**method) for method in data["methods"])
        return cls(**data | {"methods": methods, "estimands": tuple(EstimandEntry(**e) for e in data["estimands"])})


@dataclass(frozen=True)
class Manifest:
    """A study's description in its folder; every byte of it is under its checksum."""

    name: str
    aim: str
    scenarios: tuple[ScenarioEntry, ...]
    versions: dict[str, str]

    def sealed(self) -> bytes:
        """The bytes of the file."""
        data = {"format": FORMAT, "name": self.name, "aim": self.aim, "versions": self.versions}
        data |= {"scenarios": [scenario.to_json() for scenario in self.scenarios]}
        sealed = data | {CHECKSUM: _checksum(data)}
        return (json.dumps(sealed, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode("utf-8")

    @classmethod
    def opened(cls, data: bytes, path: Path) -> "Manifest":
        """The manifest of the bytes of a file; StudyError where they are none."""
        fault = "is damaged"
        try:
            found = json.loads(data.decode("utf-8"))
            number = found.pop("format")
            if number != FORMAT and isinstance(number, int):
                raise StudyError(
                    f"{path}: the ledger has format {number}; this version reads format {FORMAT}. Choose another folder."
                )
            if found.pop(CHECKSUM) == _checksum(found | {"format": number}):
                return cls(**found | {"scenarios": tuple(map(ScenarioEntry.from_json, found["scenarios"]))})
            fault = "is not as it was written: its checksum does not fit"
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            if isinstance(error, StudyError):
                raise
        raise StudyError(
            f"{path}: the study's description {fault}. Its parts are untouched; delete this file and run the study again, which finds "
            "them by their fingerprints."
        )


def _checksum(data: dict) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]
