"""The fieldwork of a country's survey: numbers drawn and called, by their outcomes or call by call, and what the interviews say."""

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .. import streams
from ..aliases import Floats, Ints
from ..coding import categorical
from ..columns import DISPOSITIONS, FRAMES
from ..errors import DesignError
from ..fieldwork import centre, interviewers
from ..fieldwork.attempts import carry_out
from ..fieldwork.case_file import CATEGORY, call_table
from ..fieldwork.released import COLUMNS, Released
from ..fieldwork.second_phase import FIRST, SECOND, follow

if TYPE_CHECKING:
    from .country import CountryPreparation

START, MOST = 12, 500  # numbers drawn at first, and at most, per interview wanted
SMALLEST = 2_000  # numbers drawn at a time at least
Tables = dict[tuple[str, int], pd.DataFrame]


@dataclass(frozen=True)
class Fielded:
    """Interviews as they are weighted; dispositions, and numbers, calls, interviews and hours, by frame and stratum; every number, and
    every call, where it was recorded; slots that were needed and calls put off, where every call was made."""

    table: pd.DataFrame
    counts: pd.DataFrame
    spent: pd.DataFrame
    numbers: pd.DataFrame | None = field(repr=False)
    calls: pd.DataFrame | None = field(repr=False, default=None)
    calendar: dict[str, int] = field(repr=False, default_factory=dict)


def field_work(
    prep: "CountryPreparation", seed: int, *repetition: int, record: bool = False, group: str = ""
) -> Fielded:
    """Draw numbers of every frame and stratum and call them: until the interviews wanted are made, in strict order, where each has one
    outcome; in the calendar of the centre where every call is made."""
    key = streams.key(seed, group, "fieldwork", *repetition)
    rngs = {kind: streams.stream(seed, group, f"numbers {kind}", *repetition) for kind in prep.frames}
    history, told = None, {}
    if prep.spec.fieldwork.level == "calls":
        tables, history, told = _call_by_call(prep, key, rngs, record)
    else:
        tables = _at_once(prep, key, rngs, streams.stream(seed, group, "interviewers", *repetition))
    found, counts, spent = _summed(prep, tables)
    said = streams.stream(seed, group, "answers", *repetition), streams.stream(seed, group, "silence", *repetition)
    people = _heard(prep, found, key, *said)
    table = pd.concat([_design(prep, found, people), people], axis=1)
    return Fielded(table, counts, spent, _recorded(prep, tables) if record else None, history, told)


def _summed(prep, tables: Tables) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The interviews, dispositions and effort, from the numbers of every frame and stratum."""
    parts, counts, spent = [], [], []
    for (kind, v), table in tables.items():
        name, areas = prep.strata[v]
        made = table[table["disposition"] == 0]
        stratum, space = _named(kind, name), prep.frames[kind].numbers[areas].sum()
        own = {"number_space": space, "unit_interviews": len(made), "unit_dialled": len(table)}
        if prep.frames[kind].strata:  # a number of a low rate stands for more
            own["number_space"] = space / prep.frames[kind].rates[made["number_stratum"]]
        parts.append(made.assign(frame=kind, stratum=stratum, **own))
        counts += [(kind, stratum, *row) for row in _tallied(prep, kind, table)]
        spent += [(kind, stratum, *row) for row in _effort(prep, table)]
    effort = ["numbers", "calls", "interviews", "hours"]
    effort = pd.DataFrame(spent, columns=["frame", "stratum", *(["phase"] if _followed(prep) else []), *effort])
    weighted = ["weight"] if _with_strata(prep) or _followed(prep) else []
    tally = pd.DataFrame(counts, columns=["frame", "stratum", *_classes_of(prep), *weighted, *DISPOSITIONS])
    return pd.concat(parts, ignore_index=True), tally, effort


def _classes_of(prep):
    """Columns that numbers of a frame and stratum are counted by."""
    there = {"operator": _with_prefixes(prep), "number_stratum": _with_strata(prep), "phase": _followed(prep)}
    return [name for name, given in there.items() if given]


def _tallied(prep, kind, table):
    """Counts of dispositions by `_classes_of`, with the relative weight of the numbers where it is not the same for all; numbers that a
    second phase left out are none."""
    frame, columns, second = prep.frames[kind], _classes_of(prep), getattr(prep.spec.fieldwork, kind).second
    levels, codes = {"operator": ("",), "number_stratum": ("",), "phase": (FIRST,)}, {}
    if frame.banks is not None:
        levels["operator"], codes["operator"] = frame.banks.operators, _operators(prep, kind, table["prefix"])
    if frame.strata:
        levels["number_stratum"] = tuple(row[0] for row in frame.strata)
        codes["number_stratum"] = np.array(levels["number_stratum"], object)[table["number_stratum"]]
    if second is not None:
        levels["phase"], codes["phase"] = (FIRST, SECOND), table["phase"].to_numpy()
    for labels in itertools.product(*levels.values()):
        given = dict(zip(levels, labels, strict=True))
        mine = np.all([codes[name] == given[name] for name in codes], axis=0) if codes else np.ones(len(table), bool)
        if not mine.any():  # a class without numbers is none
            continue
        row = [given[name] for name in columns]
        if _with_strata(prep) or _followed(prep):
            place = levels["number_stratum"].index(given["number_stratum"])
            share = second.rate if second is not None and given["phase"] == SECOND else 1.0
            row.append(1 / share / frame.rates[place])
        yield (*row, *np.bincount(table["disposition"][mine], minlength=len(DISPOSITIONS)))


def _effort(prep, table):
    """Numbers, calls, interviews and hours; by phase where there are two: a number counts in the first."""
    whole = len(table), int(table["calls"].sum()), int((table["disposition"] == 0).sum()), table["minutes"].sum() / 60
    if not _followed(prep):
        return [whole]
    late = (table["disposition"] == 0) & (table["phase"] == SECOND)
    again = 0, int(table["again_calls"].sum()), int(late.sum()), table["again_minutes"].sum() / 60
    first = (FIRST, *(w - a for w, a in zip(whole, again, strict=True)))
    return [first, (SECOND, *again)] if (table["phase"] == SECOND).any() else [first]


def _followed(prep):
    """Whether a frame has a second phase."""
    return any(getattr(prep.spec.fieldwork, kind).second_phase is not None for kind in prep.frames)


def _with_strata(prep):
    """Whether numbers of a frame are dialled at different rates."""
    return any(frame.strata for frame in prep.frames.values())


def _with_prefixes(prep):
    return any(frame.banks is not None for frame in prep.frames.values())


def _operators(prep, kind, prefix):
    """Operators (n,) of prefixes; "" in a frame without."""
    banks = prep.frames[kind].banks
    return (
        np.full(len(prefix), "", object) if banks is None else np.array(banks.operators, object)[banks.operator[prefix]]
    )


def _named(kind, name):
    return ", ".join(part for part in (kind, name) if part)


def _design(prep, found, people):
    """What weights are made from, by row of the interviews."""
    design = found[["frame", "stratum", "number_space", "unit_interviews", "unit_dialled", "interviewer"]]
    design = design.assign(
        number_area=categorical(found["area"].to_numpy(), list(prep.pop.strata)),
        n_eligible=people["household_size"],
        domain=np.where(people["n_mobile"] == 0, "a", np.where(people["n_lines"] == 0, "b", "ab")),
        psu=np.where(found["frame"] == "landline", people["household_id"], -1 - np.arange(len(found))),
    )
    if _with_prefixes(prep):
        names = [_operators(prep, kind, part) for kind, part in found.groupby("frame", sort=False)["prefix"]]
        design = design.assign(prefix=found["prefix"], operator=pd.Categorical(np.concatenate(names)))
    if _with_strata(prep):
        design = design.assign(number_stratum=pd.Categorical(_strata_of(prep, found)))
    if _followed(prep):
        rate = {kind: getattr(prep.spec.fieldwork, kind).second for kind in prep.frames}
        of_frame = found["frame"].map({kind: 1.0 if second is None else second.rate for kind, second in rate.items()})
        design = design.assign(phase=found["phase"], subsample_rate=np.where(found["phase"] == SECOND, of_frame, 1.0))
    held = {"landline": people["n_lines"] / people["household_size"], "mobile": people["n_mobile"]}
    for kind, rate in _rates(prep, found).items():
        own = found["frame"] == kind
        design[f"rate_{kind}"] = rate[np.where(own, found["area"], people["area"].cat.codes)]
        frame = prep.frames.get(kind)
        if frame is not None and frame.strata:  # nobody knows the stratum of the other number
            design[f"rate_{kind}"] *= np.where(
                own, frame.rates[np.where(own, found["number_stratum"], 0)], frame.mean_rate
            )
        design[f"probability_{kind}"] = design[f"rate_{kind}"] * held[kind]
    return design


def _strata_of(prep, found):
    """Names (n,) of the strata of numbers; "" in a frame without."""
    result = np.full(len(found), "", object)
    for kind, frame in prep.frames.items():
        if frame.strata:
            mine = (found["frame"] == kind).to_numpy()
            result[mine] = np.array([row[0] for row in frame.strata], object)[found["number_stratum"][mine]]
    return result


def _recorded(prep, tables: Tables):
    """Every number, with its frame and stratum, in the order it was released in."""
    parts = [table.assign(frame=kind, stratum=_named(kind, prep.strata[v][0])) for (kind, v), table in tables.items()]
    if _with_prefixes(prep):
        parts = [
            t.assign(operator=_operators(prep, kind, t["prefix"])) for (kind, _), t in zip(tables, parts, strict=True)
        ]
    else:
        parts = [t.drop(columns="prefix") for t in parts]
    if _with_strata(prep):
        parts = [t.assign(number_stratum=_strata_of(prep, t)) for t in parts]
    calls = prep.spec.fieldwork.level == "calls"
    everything = pd.concat(parts).sort_index() if calls else pd.concat(parts, ignore_index=True)
    for column, labels in (("disposition", DISPOSITIONS), ("area", prep.pop.strata)):
        everything[column] = categorical(everything[column].to_numpy(), list(labels))
    return everything


def _heard(prep, found, key, rng, silence):
    """The people of the interviews as their answers say they are; answers that are not given are missing."""
    people, told = prep.pop.persons(found["person"].to_numpy()), prep.spec.fieldwork.answers
    names = prep.pop.facts.outcome_names
    effect = 0.0
    if told.interviewer_sd:
        J = prep.spec.fieldwork.centre.interviewers
        effect = interviewers.effects(J, key, told.interviewer_sd, interviewers.ANSWERS)[found["interviewer"]]
    true = {name: people[name].to_numpy(dtype=bool) for name in names}
    for name in names if told.interviewer_sd else dict.fromkeys((*told.desirable, *told.sensitive)):
        asked = np.ones(len(people), bool)
        people[name] = told.said(name, true[name], asked, rng.random(len(people)), effect)
    if told.forgotten_number:
        forgot = (people["n_mobile"] > 1).to_numpy() & (rng.random(len(people)) < told.forgotten_number)
        people["n_mobile"] -= forgot
    share = prep.spec.fieldwork.measurement.silence(people)
    for name in names if np.any(share > 0) else ():
        silent = told.silent(true[name], silence.random(len(people)), share)
        people[name] = pd.arrays.BooleanArray(people[name].to_numpy(dtype=bool), silent)
    return people


def _rates(prep, found):
    """{frame: share of the numbers of every area that was dialled (S,)}, for single-frame weights; 0 in a frame that was not sampled."""
    result = {kind: np.zeros(len(prep.pop.strata)) for kind in FRAMES}
    for (kind, name), part in found.groupby(["frame", "stratum"], sort=False):
        inside = dict(prep.strata)[name.removeprefix(kind).removeprefix(", ")]
        result[kind][inside] = part["unit_dialled"].iloc[0] / prep.frames[kind].numbers[inside].sum()
    return result


# ------------------------------------------------------------------------------------------------------------ every call
def _call_by_call(prep, key, rngs, record) -> tuple[Tables, pd.DataFrame | None, dict[str, int]]:
    """Numbers by frame and stratum as the centre left them, indexed in the order of their release; calls; the calendar."""
    work = prep.spec.fieldwork
    targets = np.stack([prep.targets.get(kind, np.zeros(len(prep.strata), np.int64)) for kind in FRAMES])
    areas, quota_by = [areas for _, areas in prep.strata], work.protocol.quota_by if work.protocol.quota else ()
    numbers = Released(prep.pop, prep.frames, prep.protocols, work.centre, areas, targets, rngs, quota_by)
    done = centre.worked(numbers, (key,), numbers.release, record)
    row, place = done.cases.row, dict(zip(COLUMNS, done.rows.T, strict=True))
    table = pd.DataFrame(
        {
            "area": place["area"],
            "number": np.where(place["owner"] >= 0, place["number"], -1 - place["order"]),
            "prefix": place["prefix"],
            "disposition": CATEGORY[row["code"]],
            "calls": row["calls"].astype(np.int64),
            "minutes": row["minutes"],
            "interviewer": row["interviewer"].astype(np.int64),
            "person": place["person"],
        }
    )
    if _with_strata(prep):
        table["number_stratum"] = place["stratum"]
    tables = {}
    for f, v in np.argwhere(targets > 0):
        tables[FRAMES[f], int(v)] = table[(done.frame == f) & (place["unit"] == v)]
    made = np.stack(
        [
            [(tables[k, v]["disposition"] == 0).sum() if (k, v) in tables else 0 for v in range(len(areas))]
            for k in FRAMES
        ]
    )
    centre.refuse_thin(made, targets, [name or "the country" for name, _ in prep.strata], work.centre)
    return tables, None if done.history is None else call_table(done.history), done.calendar


# ------------------------------------------------------------------------------------------------- one outcome a number
def _at_once(prep, key, rngs, who: np.random.Generator) -> Tables:
    """Numbers by frame and stratum up to the last interview wanted."""
    protocol = prep.spec.fieldwork.centre
    sd, effect = protocol.interviewer_sd, None
    if sd:
        effect = interviewers.effects(protocol.interviewers, key, sd, interviewers.COOPERATION)
    interviews = np.sum(list(prep.targets.values()), axis=0)
    tables: Tables = {}
    for kind in prep.frames:
        for v, wanted in enumerate(prep.targets[kind]):

            def calling(n: int, v: int = v) -> tuple[Ints, Floats]:
                who_calls = interviewers.assigned(protocol, who.random(n), np.full(n, v), interviews)
                return who_calls, np.zeros(n) if effect is None else effect[who_calls]

            tables[kind, v] = _until(prep, kind, prep.strata[v][1], int(wanted), rngs[kind], calling)
    return tables


def _second(prep, kind, owner, done, columns, rng, effect):
    """Columns that a second phase changes and adds; the phase of numbers is the first in a frame that has no second."""
    second, clock, none = getattr(prep.spec.fieldwork, kind).second, prep.spec.fieldwork.centre, np.zeros(len(owner))
    found = {"phase": np.full(len(owner), FIRST), "again_calls": none.astype(np.int64), "again_minutes": none}
    if second is None:
        return found
    after = follow(second, prep.protocols[kind], prep.pop, kind, owner, done, rng, effect)
    found["phase"] = after.phase
    found["again_calls"][after.rows] = after.again.calls
    found["again_minutes"][after.rows] = after.again.minutes(clock.minutes, clock.wrap_up)
    both = {name: columns[name] + found[f"again_{name}"] for name in ("calls", "minutes")}
    return found | both | {"disposition": after.disposition, "person": after.person}


def _until(prep, kind, areas, wanted, rng, calling):
    """Numbers of some areas in the order they were dialled, up to the last interview wanted: area, owner, disposition, calls, person."""
    frame, protocol, table = prep.frames[kind], prep.protocols[kind], None
    clock, size, drawn = prep.spec.fieldwork.centre, max(SMALLEST, wanted * START), 0
    while True:
        numbers = frame.sample(areas, size, rng)
        owner = numbers.owner
        interviewer, effect = calling(size)
        done = carry_out(protocol, prep.pop, kind, owner, rng, effect)
        number = np.where(owner >= 0, owner * 2 + numbers.which, -1 - drawn - np.arange(size))  # others are none twice
        drawn += size
        columns = {
            "area": numbers.area,
            "number": number,
            "prefix": numbers.prefix,
            "disposition": done.disposition,
            "calls": done.calls,
        }
        columns["minutes"] = done.minutes(clock.minutes, clock.wrap_up)
        columns |= {"interviewer": interviewer, "person": done.person}
        if _with_strata(prep):
            columns["number_stratum"] = numbers.stratum
        if _followed(prep):
            columns |= _second(prep, kind, owner, done, columns, rng, effect)
        batch = pd.DataFrame(columns)
        table = batch if table is None else pd.concat([table, batch], ignore_index=True)
        table = table[~table["number"].duplicated()]  # no number is dialled twice
        made = np.flatnonzero(table["disposition"] == 0)
        if len(made) >= wanted:
            return table.iloc[: made[wanted - 1] + 1].reset_index(drop=True)
        size = min(2 * len(table), int(1.2 * (wanted - len(made)) * len(table) / max(len(made), 1)) + SMALLEST)
        if len(table) > MOST * wanted + 10 * SMALLEST:
            raise DesignError(
                f"{kind}: {len(table):,} numbers gave {len(made)} of {wanted} interviews. Raise fieldwork.{kind}.contact or cooperation, "
                f"frame.{kind}.working, or population.scale; or ask for fewer."
            )
