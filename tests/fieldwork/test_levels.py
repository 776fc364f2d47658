"""The two levels of fieldwork: solved outcomes, and every call."""

import numpy as np
import pytest
from scipy import stats

from surveysim import streams
from surveysim.columns import CALL_RESULTS
from surveysim.fieldwork import Protocol, ResponseModel, calls, centre, solve
from surveysim.kernels import calling, dialling
from surveysim.kernels.respondents import BUSINESS, DEAD, MACHINE, N_TYPES, NOBODY_ELIGIBLE, PERSON_TYPES, RINGING
from surveysim.sampling import SampleDesign

AMPLE = Protocol(interviewers=5000, field_days=300, stop="released", refusal_days=6, appointment_days=2)
MODELS = (
    ResponseModel(
        contact=0.4, daypart=(-0.5, -0.4, 0.6, 0.1, 0.1, 0.5), member_available=0.7, conversions=2, attempts=7
    ),
    ResponseModel(
        daypart=(-0.1, -0.1, 0.3, 0.0, 0.0, 0.2),
        working_age_daytime=-0.4,
        blocked=0.1,
        cooperation=0.2,
        hard=0.4,
        appointment=0.3,
        refuse_unscreened=0.35,
        partial=0.6,
        break_off=0.2,
        other=0.2,
    ),
)


class Centre:
    """A centre that calls made-up numbers of given frame and types, without any population."""

    def __init__(self, protocol, models, frame, kinds, seed=1, numbers=None):
        self.chain, self.outcomes = solve(protocol, models)
        n, self.last = len(kinds), 3 * protocol.field_days
        rows = np.zeros((n, 8), np.int64)
        rows[:, 2], rows[:, 3] = np.arange(n) if numbers is None else numbers, kinds
        self.cases = centre.cases_of(rows, 1, np.full(n, frame))
        slots = self.last + 4 * calling.WEEK + int(self.chain.again.max())
        self.centre = calling.Centre(
            units=np.array([1]),
            area=np.array([0]),
            targets=np.full(2, 10**9),
            found=np.zeros(2, np.int64),
            stop=np.array([0]),
            group=np.where(np.arange(N_TYPES) < PERSON_TYPES + 1, 0, -1),
            quota=np.full((2, 1, 1), np.iinfo(np.int64).max),
            seats=protocol.seats(),
            effect=np.zeros(protocol.interviewers),
            shift=np.array([60 * protocol.shift_hours]),
            queue=np.zeros((3, slots, 3), np.int64),
            deferred=np.zeros(1, np.int64),
            spent=np.zeros((2, 1, 2)),
        )
        key = streams.key(seed, "", "fieldwork")
        calling.open_cases(self.chain, self.cases, self.centre, 0, 0, key)
        history = np.empty((n * 8, 7), np.int32)
        made = calling.work(self.chain, self.cases, self.centre, calling.Span(0, self.last, self.last), key, history)
        self.history = history[:made]
        calling.close_all(self.cases)

    def counts(self, shape):
        table = np.zeros(shape, np.int64)
        np.add.at(table, (self.cases.row["code"], self.cases.row["calls"]), 1)
        return table


def chi_square(counts, expected):
    """p value; ends expected fewer than five times are taken together."""
    assert counts[expected == 0].sum() == 0
    few = (expected < 5) & (expected > 0)
    got, want = counts[expected >= 5].astype(float), expected[expected >= 5]
    if expected[few].sum() >= 1:
        got, want = np.append(got, counts[few].sum()), np.append(want, expected[few].sum())
    return stats.chi2.sf(((got - want) ** 2 / want).sum(), max(len(want) - 1, 1))


@pytest.mark.parametrize("kind", [5, 700, 1100, 1535, NOBODY_ELIGIBLE, BUSINESS, MACHINE, DEAD, RINGING])
@pytest.mark.parametrize("frame", [0, 1])
def test_calls_and_outcomes__have_one_distribution(frame, kind):
    """100,000 numbers of one type: final code × calls of the call level against the solved chain, chi-square."""
    n = 100_000
    made = Centre(AMPLE, MODELS, frame, np.full(n, kind), seed=kind + frame)
    chance = made.outcomes[frame].chance[kind]
    assert made.centre.deferred[0] == 0
    assert chance.sum() == pytest.approx(1, abs=1e-12)
    assert chi_square(made.counts(chance.shape), n * chance) > 1e-4
    minutes = (made.outcomes[frame].minutes[kind] * chance).sum()
    se = made.cases.row["minutes"].std() / np.sqrt(n)
    assert abs(made.cases.row["minutes"].mean() - minutes) < 4.5 * se + 1e-9


def test_both_levels__agree_on_the_numbers_of_the_frames(landline, mobile):
    """120 numbers of every frame unit, each with its own type: counts of code × calls against the sum of their solved chances."""
    design = SampleDesign.plan((landline, mobile), interviews=4000, minimum_per_province=60)
    field = calls.Fieldwork((landline, mobile), design, MODELS, AMPLE)
    keys = streams.key(3, "", "fieldwork"), streams.key(3, "", "sampling")
    released = np.zeros((2, 337), np.int64)
    tables = [field.tables(f, keys) for f in range(2)]
    rows, frame = calls._release(field, tables, np.full((2, 337), 120), released)
    assert len(rows) == 2 * 337 * 120
    for f in range(2):
        kinds = rows[frame == f, 3]
        made = Centre(AMPLE, MODELS, f, kinds, seed=f, numbers=np.arange(len(kinds)))
        expected = made.outcomes[f].chance[kinds].sum(axis=0)
        assert chi_square(made.counts(expected.shape), expected) > 1e-4


def test_chain__hand_worked():
    """One call in one daypart: contact 0.3 of lines that are not busy, cooperation 0.5; the rest follows by multiplication."""
    model = ResponseModel(
        attempts=1, contact=0.3, busy=0.1, cooperation=0.5, contact_per_decade=0.0, female=0.0, age_per_decade=0.0,
        education_level=0.0, urban=0.0, break_off=0.2, partial=0.25, other=0.1, language=0.4, appointment=0.0,
        refuse_unscreened=0.3, known_no_contact=0.2,
    )  # fmt: skip
    chance = solve(Protocol(), (model, model))[1][1].chance[700, :, 1]
    reached = 0.9 * 0.3
    no = reached * 0.5 * 0.9
    expected = {
        "1.1": reached * 0.5 * 0.8,
        "1.2": reached * 0.5 * 0.2 * 0.25,
        "2.12": reached * 0.5 * 0.2 * 0.75,
        "2.33": reached * 0.5 * 0.1 * 0.4,
        "2.32": reached * 0.5 * 0.1 * 0.6,
        "2.22": (1 - reached) * 0.2,
        "3.12": 0.1 * 0.8,
        "3.13": (0.9 * 0.7) * 0.8,
    }
    hard = 0.6
    expected["2.11"] = no * 0.7 * hard + no * 0.7 * (1 - hard)  # a soft refusal at the last call stays one
    expected["3.21"] = no * 0.3
    from surveysim.fieldwork.case_file import CODES

    for code, value in expected.items():
        assert chance[CODES.index(code)] == pytest.approx(value, abs=1e-12), code
    assert sum(expected.values()) == pytest.approx(1)


def test_hazards__are_recovered_from_paradata():
    """Contact by slot of the week and cooperation, counted in the history of first calls, against the model, 4.5 s.e."""
    n, kind = 400_000, 700
    made = Centre(AMPLE, MODELS, 1, np.full(n, kind), seed=3)
    first = made.history[made.history[:, 1] == 1]
    result, slot = np.array(CALL_RESULTS)[first[:, 4]], first[:, 2] % 21
    silent = np.isin(result, ["no answer", "device"])
    talked = ~np.isin(result, ["no answer", "device", "busy", "blocked"])
    contact = made.chain.contact[1, made.chain.kind[1, kind], 0]
    checked = 0
    for s in range(21):
        at = (slot == s) & (silent | talked)
        p = contact[s]
        assert abs(talked[at].mean() - p) < 4.5 * np.sqrt(p * (1 - p) / at.sum())
        checked += at.sum() > 5000
    assert checked >= 12
    yes = np.isin(result, ["interview", "break-off"])[talked]
    p = MODELS[1].cooperation_table()[kind, 0]
    assert abs(yes.mean() - p) < 4.5 * np.sqrt(p * (1 - p) / len(yes))
    busy, blocked = (result == "busy").sum(), (result == "blocked").sum()
    assert abs(busy / (n - blocked) - MODELS[1].busy) < 4.5 * np.sqrt(MODELS[1].busy / n)
    assert abs(blocked / n - MODELS[1].blocked) < 4.5 * np.sqrt(MODELS[1].blocked / n)


def test_callbacks__keep_to_the_rules():
    """No answer: the next part of the day, a day later; busy: the next slot; after a refusal and for appointments the same part."""
    made = Centre(AMPLE, MODELS, 1, np.full(20_000, 700), seed=5)
    h = made.history[np.lexsort((made.history[:, 1], made.history[:, 0]))]
    same = h[1:, 0] == h[:-1, 0]
    wait, part, result = (h[1:, 2] - h[:-1, 2])[same], h[:-1, 2][same] % 3, np.array(CALL_RESULTS)[h[:-1, 4][same]]
    quiet = np.isin(result, ["no answer", "device", "blocked"])
    np.testing.assert_array_equal(wait[quiet], np.where(part[quiet] == 2, 1, 4))
    np.testing.assert_array_equal(wait[result == "busy"], 1)
    np.testing.assert_array_equal(wait[result == "soft refusal"], 3 * AMPLE.refusal_days)
    np.testing.assert_array_equal(wait[result == "appointment"], 3 * AMPLE.appointment_days)
    assert (np.bincount(h[:, 0]) <= MODELS[1].attempts).all()


def test_interviewers__never_start_a_call_after_their_shift_nor_make_two_at_once():
    small = Protocol(interviewers=40, field_days=60, stop="released")
    made = Centre(small, MODELS, 1, np.full(30_000, 700), seed=6)
    slot, who, start, minutes = made.history[:, [2, 3, 5, 6]].T
    assert made.centre.deferred[0] > 0
    assert start.max() < 6000 * small.shift_hours
    order = np.lexsort((start, who, slot))
    together = (slot[order][1:] == slot[order][:-1]) & (who[order][1:] == who[order][:-1])
    gap = start[order][1:] - (start + minutes)[order][:-1]
    assert gap[together].min() >= -1  # hundredths of minutes, rounded down
    seats = small.seats()
    for s in np.unique(slot):
        assert len(np.unique(who[slot == s])) <= seats[s % 21]


def test_interviewer_effects__are_in_the_solved_average():
    """Interviewers of unequal success: the average over them is what the solved chain uses."""
    table = [m.cooperation_table(0.8) for m in MODELS]
    x = np.random.default_rng(1).normal(0, 0.8, 400_000)
    score = MODELS[1].willingness()[700] + x
    assert table[1][700, 0] == pytest.approx(np.mean(1 / (1 + np.exp(-score))), abs=5e-4)


@pytest.mark.parametrize("frame", [0, 1])
def test_alias_draws__have_the_solved_chances(landline, mobile, frame):
    """The outcomes that dialling draws for numbers, whatever their types, against the chances of those types."""
    design = SampleDesign.plan((landline, mobile), interviews=12_000, minimum_per_province=200)
    field = calls.Fieldwork((landline, mobile), design, MODELS, AMPLE)
    which, ratios = (landline, mobile)[frame], []
    targets, units = design.targets[frame], np.arange(337)
    shape = (337, 2, calling.N_CODES, int(field.chain.attempts.max()) + 1)
    for seed in (8, 9, 10, 11):
        keys = streams.key(seed, "", "fieldwork"), streams.key(seed, "", "sampling")
        tally, dialled = np.zeros(shape, np.int64), np.zeros(337, np.int64)
        interviews = np.empty((int(targets.sum()), 7), np.int64)
        plan = dialling.Plan(units, targets, field.rates[frame])
        arguments = (which.pop.people, which.numbers, field.tables(frame, keys), int(frame == 0), plan)
        dialling.dial(*arguments, dialling.Made(tally, dialled, interviews, np.empty((0, 6), np.int64)))
        cases = np.empty((int(dialled.sum()), 6), np.int64)
        dialling.dial(*arguments, dialling.Made(np.zeros_like(tally), dialled, interviews, cases))
        expected = field.outcomes[frame].chance[cases[:, 5]].sum(axis=0)
        counts = tally.sum(axis=(0, 1))[:, : expected.shape[1]]
        ratios.append(counts[0].sum() / expected[0].sum())
        rest, want = counts.copy(), expected.copy()
        rest[0], want[0] = 0, 0
        assert chi_square(rest, want * rest.sum() / want.sum()) > 1e-4
    # units stop when they are lucky, which leaves the expected sum of chances equal to the interviews made (Wald's identity)
    assert abs(np.mean(ratios) - 1) < 4 / np.sqrt(4 * targets.sum())
