"""A country's numbers in the centre: the chances of outcomes without memory, callbacks by the calendar, and what memory adds, by hand."""

from types import SimpleNamespace

import land
import numpy as np
import pytest

from surveysim import Population, streams
from surveysim.columns import CALL_RESULTS, DISPOSITIONS, FRAMES
from surveysim.fieldwork import Protocol, centre
from surveysim.fieldwork.attempts import Attempts, carry_out
from surveysim.fieldwork.case_file import CATEGORY
from surveysim.fieldwork.released import COLUMNS, Released
from surveysim.frame.random_digits import Drawn
from surveysim.kernels import calling

N = 40_000
CENTRE = Protocol(staffing=(0.5, 0.5, 0.8, 0.8, 0.8, 0.0), interviewers=9000, field_days=300)


@pytest.fixture(scope="module")
def pop(tmp_path_factory):
    return Population.from_folder(land.written(tmp_path_factory.mktemp("land")), scale=0.01)


class Given:
    """A frame that gives out numbers whose owners are known, in their order, each owner's many times over."""

    working = 0.5

    def __init__(self, owner):
        self.owner, self.at, self.numbers = owner, 0, np.full(3, float(len(owner)))

    def sample(self, areas, n, rng):
        at = slice(self.at, self.at + n)
        self.at += n
        which = np.arange(self.at - n, self.at) * 10**6  # so that no number is one of those before
        return Drawn(np.zeros(n, np.int64), self.owner[at], which, np.full(n, -1), np.zeros(n, np.int64))


def called(pop, dead=0.0, kind="mobile", seed=2, quota_by=(), protocol=CENTRE, n=N, **keys):
    """(owner, what became of the numbers): every number is released on the first day and worked to the end."""
    rng, f = np.random.default_rng(seed), FRAMES.index(kind)
    size = pop.size if kind == "mobile" else pop.n_households
    owner = np.where(rng.random(N) < dead, -1, np.arange(N) % size)
    attempts, targets = dict.fromkeys(FRAMES, Attempts(**keys)), np.zeros((2, 1), np.int64)
    targets[f] = n
    field = Released(pop, {kind: Given(owner)}, attempts, protocol, [np.arange(3)], targets, {kind: rng}, quota_by)
    rows, frame = field.release(np.minimum(N, targets * N), np.zeros_like(targets))
    cases, key = centre.cases_of(rows, 1, frame), streams.key(seed, "", "fieldwork")
    last = 3 * protocol.field_days
    office = centre.opened(field, (key,), last + 200)
    calling.open_cases(field.chain, cases, office, 0, 0, key)
    history = np.empty((N * 60, 7), np.int32)
    made = calling.work(field.chain, cases, office, calling.Span(0, last, last), key, history)
    calling.close_all(cases)
    number, _, slot, who, result = history[:made].T[:5]
    row, person = cases.row, dict(zip(COLUMNS, rows.T, strict=True))["person"]
    return owner, SimpleNamespace(
        disposition=CATEGORY[row["code"]],
        calls=row["calls"],
        minutes=row["minutes"],
        log=(number, slot, result),
        person=person,
        who=who,
    )


def shares(codes, labels):
    return dict(zip(labels, np.bincount(codes, minlength=len(labels)) / len(codes), strict=True))


def near(found, wanted, n=N):
    return abs(found - wanted) < 4.5 * np.sqrt(max(wanted * (1 - wanted), 1e-4) / n)


@pytest.mark.statistical
@pytest.mark.parametrize("kind", ["landline", "mobile"])
def test_without_memory__outcomes_and_calls_are_those_that_are_drawn_at_once(pop, kind):
    keys = {"attempts": 4, "contact": 0.3, "cooperation": 0.4, "other": 0.2, "dead_known": 0.7, "known": 0.25}
    owner, done = called(pop, 0.3, kind, **keys)
    other = carry_out(Attempts(**keys), pop, kind, owner, np.random.default_rng(5))
    one, two = (shares(result.disposition, DISPOSITIONS) for result in (done, other))
    assert [name for name in DISPOSITIONS if not near(one[name], two[name], N / 2)] == []
    assert abs(done.calls.mean() - other.calls.mean()) < 0.03
    assert (done.person[done.disposition == 0] >= 0).all()
    minutes = done.minutes.mean(), other.minutes(CENTRE.minutes, CENTRE.wrap_up).mean()
    assert minutes[0] == pytest.approx(minutes[1], rel=0.03)


def test_log__has_every_call_in_staffed_slots_and_callbacks_wait(pop):
    _, done = called(pop, 0.2, attempts=5, contact=0.3, busy=0.2, hard=0.3, conversions=2, appointment=0.3)
    number, slot, result = done.log
    order = np.lexsort((slot, number))
    number, slot, result = number[order], slot[order], result[order]
    assert (np.bincount(number) == done.calls).all()
    assert (CENTRE.seats()[slot % 21] > 0).all()
    same = number[1:] == number[:-1]
    wait, before = (slot[1:] - slot[:-1])[same], result[:-1][same]
    assert (wait[before == CALL_RESULTS.index("busy")] <= 3).all()
    assert (wait[before == CALL_RESULTS.index("soft refusal")] >= 12).all()
    assert (wait[before == CALL_RESULTS.index("no answer")] >= 1).all()
    assert set(before) == {
        CALL_RESULTS.index(r) for r in ("no answer", "device", "busy", "soft refusal", "appointment")
    }


@pytest.mark.statistical
def test_refusals__half_of_which_are_called_again(pop):
    """p = 0.3 at first, 0.18 after a refusal; of seven tenths half refuse softly, once: 0.3 + 0.7 × 0.5 × 0.18."""
    again = np.log(0.18 / 0.82) - np.log(0.3 / 0.7)
    keys = {
        "contact": 1 - 1e-9,
        "cooperation": 0.3,
        "other": 0.0,
        "hard": 0.5,
        "conversions": 1,
        "after_refusal": again,
    }
    _, done = called(pop, attempts=6, **keys)
    assert near(shares(done.disposition, DISPOSITIONS)["I"], 0.3 + 0.35 * 0.18)
    assert done.calls.max() == 2


@pytest.mark.statistical
def test_appointments_and_busy_lines(pop):
    """An appointment is kept by all where it adds much; without a limit everybody who asks for one takes part or refuses at last."""
    keys = {"contact": 0.5, "cooperation": 0.4, "other": 0.0, "appointment": 1.0, "appointment_kept": 5.0}
    _, done = called(pop, attempts=50, **keys)
    assert near(shares(done.disposition, DISPOSITIONS)["I"], 1.0)
    number, _, result = done.log
    asked = np.unique(number[result == CALL_RESULTS.index("appointment")])
    assert near(len(asked) / N, 0.6)
    _, done = called(pop, attempts=4, contact=0.2, busy=0.15)
    assert near(shares(done.log[2], CALL_RESULTS)["busy"], 0.15, len(done.log[2]))


@pytest.mark.statistical
def test_daypart__reaches_people_when_they_are_there(pop):
    _, done = called(pop, attempts=6, contact=0.3, daypart=(-5.0, -5.0, 0.0, -5.0, -5.0, 0.0))
    _, slot, result = done.log
    evening = slot % 3 == 2
    reached = ~np.isin(result, [CALL_RESULTS.index(r) for r in ("no answer", "device")])
    assert near(reached[evening].mean(), 0.3, evening.sum())
    assert reached[~evening].mean() < 0.01


def test_quota__by_variables_of_the_country_is_never_exceeded(pop):
    """Of every sex and age group at most its share among the people, rounded up; who comes later is screened out, which is not eligible."""
    keys = {"attempts": 8, "contact": 0.7, "cooperation": 0.9}
    tight = Protocol(interviewers=9000, field_days=300, quota=1.0)
    targets = 8_000
    _, done = called(pop, protocol=tight, quota_by=("sex", "age"), n=targets, **keys)
    totals = pop.control_totals(("sex", "age"))
    people = pop.persons(done.person[done.disposition == 0], ["sex", "age"])
    for (sex, age), persons in totals.items():
        most = np.ceil(targets * persons / sum(totals.values()) - 1e-9)
        made = ((people["sex"] == sex) & (people["age"] == age)).sum()
        assert made <= most
        assert made >= 0.98 * most  # 40,000 numbers are enough for all of them
    full = done.log[2] == CALL_RESULTS.index("quota filled")
    assert full.sum() > 0
    assert (done.disposition[done.log[0][full]] == DISPOSITIONS.index("NE")).all()


def test_seats__few_make_fewer_calls_and_put_the_others_off(pop):
    few, many = (Protocol(interviewers=n, field_days=28) for n in (5, 5000))
    calls = [len(called(pop, protocol=protocol, attempts=4, contact=0.3)[1].log[0]) for protocol in (few, many)]
    minutes = (few.seats() * few.shift_hours * 60).sum() * 4  # of four weeks
    assert calls[0] < calls[1] / 3
    assert called(pop, protocol=few, attempts=4, contact=0.3)[1].minutes.sum() < 1.05 * minutes


@pytest.mark.statistical
def test_interviewers__differ_in_cooperation_as_their_effects_say(pop):
    """With a standard deviation of 1 in log odds, shares of those reached who take part differ between interviewers far beyond chance."""
    spread = []
    for sd in (0.0, 1.0):
        _, done = called(
            pop, protocol=Protocol(interviewers=60, field_days=300, interviewer_sd=sd), attempts=5, contact=0.9
        )
        _, _, result = done.log
        asked = np.isin(result, [CALL_RESULTS.index(r) for r in ("interview", "hard refusal")])
        who, yes = done.who[asked], result[asked] == CALL_RESULTS.index("interview")
        n = np.bincount(who, minlength=60)
        p = np.bincount(who, yes, 60) / np.maximum(n, 1)
        spread.append(np.var(np.log(p / (1 - p))[n > 200]) - np.mean((1 / (n * p * (1 - p)))[n > 200]))
    assert abs(spread[0]) < 0.02
    assert abs(spread[1] - 1) < 4.5 * np.sqrt(2 / 60)
