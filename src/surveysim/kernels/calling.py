"""The calls to a number as a chain: its absorption probabilities, and the calls themselves, in a centre with a calendar.

A case remembers its last human contact (none, an appointment, a soft refusal; each with or without the screening done), the
refusals it gave, and whether an appointment is pending. Time runs in slots, 21 a week: weekday × morning, afternoon, evening.
`absorb` and `work` follow one set of rules, written next to each other, and a test holds their distributions together.
"""

from collections import namedtuple
from typing import Any

import numpy as np

from ..aliases import Array, Int
from .compiling import borrowed, inline_jit, jit
from .queues import line_up, put_off, settle
from .randomness import lane, philox, scramble
from .respondents import BUSINESS, DEAD, MACHINE, N_TYPES, NOBODY_ELIGIBLE, NUMBER, RINGING

# Final disposition codes, in the order of columns.DISPOSITION_CODES
(COMPLETE, PARTIAL, REFUSAL, BREAK_OFF, NOT_AVAILABLE, DEVICE, UNABLE, LANGUAGE, NOT_ATTEMPTED, BUSY, NO_ANSWER, BLOCKED, NOT_SCREENED,
 NOT_LINE, NOT_WORKING, NOT_HOUSEHOLD, NOT_ELIGIBLE, QUOTA) = range(18)  # fmt: skip
N_CODES = 18
# Results of one call, in the order of columns.CALL_RESULTS
(RANG, WAS_BUSY, ANSWERED_BY_DEVICE, WAS_BLOCKED, WAS_DEAD, WAS_MACHINE, WAS_BUSINESS, WAS_CHILD, INTERVIEWED, BROKE_OFF, COULD_NOT,
 REFUSED, PUT_OFF, APPOINTED, WAS_AWAY, QUOTA_FULL) = range(16)  # fmt: skip
NONE, APPOINTMENT, APPOINTMENT_UNSCREENED, SOFT, SOFT_UNSCREENED = range(5)  # memory of the last human contact
AFTER_RING, AFTER_BUSY, AFTER_REFUSAL, AFTER_APPOINTMENT = range(4)  # when to call again
BY_APPOINTMENT, CALLBACK, FRESH = range(3)  # queues of a slot, in order
WEEK = 21

Chain = namedtuple(
    "Chain",  # of both frames: the first axis is the frame
    [
        "kind",  # (2, types) class of contact: 8 ages, household, business
        "contact",  # (2, 10, 2, 21) probability that a call reaches somebody, without and with an appointment, by slot
        "willing",  # (2, types) log odds of cooperation
        "shift",  # (2, 4) on them: nothing, after a refusal, by appointment, both
        "busy",  # (2,) probability that the line is busy
        "blocked",  # (2,) that a number blocks every call
        "device",  # (2,) that a device tells whose number it is
        "available",  # (2,) that the selected member is at home
        "ends",  # (2, 7) break-off; of those to count as partial; unable or language, of those who do not cooperate; language,
        # of those; appointment, of the others; refusal or appointment before the screening; hard refusal
        "attempts",  # (2,) most calls to a number
        "conversions",  # (2,) refusals that are called again
        "again",  # (4, 21) slots to the next call, after each kind of call
        "first",  # (21,) probability of the slot of the first call
        "minutes",  # (16,) by result of a call, wrap-up included
    ],
)

# Released numbers: one row each, so that a call waits for memory once
CASE = np.dtype(
    [
        ("number", np.int64),  # number index; draws are keyed by it, with the unit
        ("minutes", np.float64),  # spent so far
        ("follows", np.int64),  # the next case in the queue
        ("unit", np.int32),  # frame × units + frame unit
        ("kind", np.int32),  # type of number
        ("slot", np.int32),  # of the last call
        ("interviewer", np.int32),  # who made it
        ("code", np.int16),  # final code, -1 while open
        ("calls", np.int16),
        ("memory", np.int8),  # of the last human contact
        ("refusals", np.int8),
        ("pending", np.int8),  # 1: an appointment
        ("known", np.int8),  # 1: blocked, + 2: a device tells whose number it is
    ]
)
Cases = namedtuple("Cases", ["row"])  # (n,) of CASE

Call = namedtuple("Call", ["frame", "nth", "slot"])  # one to a number: which one, and in which slot of the week
Span = namedtuple(
    "Span", ["slot", "until", "last"]
)  # slots from one up to another, and the one at which the field closes
Memory = namedtuple("Memory", ["contact", "refusals", "pending"])  # of a case: see above

Centre = namedtuple(
    "Centre",
    [
        "units",  # (1,) frame units of a frame; cases count on through the frames
        "area",  # (U,) in which quotas hold
        "targets",  # (2U,) interviews wanted
        "found",  # (2U,) interviews made
        "stop",  # (1,) 1: a unit is closed when its target is met
        "group",  # (types,) of quotas; -1 where a number is nobody's
        "quota",  # (2, areas, groups) interviews still wanted
        "seats",  # (21,) interviewers at work in each slot of the week
        "effect",  # (J,) each interviewer's log odds of cooperation
        "shift",  # (1,) minutes in a slot
        "queue",  # (3, slots, 3) first and last case of each queue, and its length
        "deferred",  # (1,) calls put off because nobody was free
        "spent",  # (2, U, 2) minutes and calls by frame unit
    ],
)


# ------------------------------------------------------------------------------------------------ probabilities
Paths = namedtuple(
    "Paths",  # where calls lead: probabilities, and probabilities × minutes
    [
        "then",  # (21, states) of the next call, by slot
        "then_spent",
        "chance",  # (codes, attempts + 1) of the ends
        "spent",
    ],
)
Flow = namedtuple("Flow", ["mass", "minutes"])  # along a path: its probability, and probability × minutes


@inline_jit
def pending_code(memory: Int) -> Int:
    """Final code of a case that was reached, was to be called again, and never was."""
    if memory == APPOINTMENT:
        return NOT_AVAILABLE
    return REFUSAL if memory == SOFT else NOT_SCREENED


@jit
def absorb(c: Chain, frame: Int, cooperation: Array, chance: Array, spent: Array) -> None:
    """Distribution of final code and calls by type, `chance` (types, codes, attempts + 1), and the minutes spent on average in
    each, `spent`, of the same shape. `cooperation` (types, 4) is the probability by state, over all interviewers."""
    c = borrowed(c)
    A = c.attempts[frame]
    deep = 5 * (c.conversions[frame] + 1) * 2
    now, then = np.zeros((WEEK, deep)), np.zeros((WEEK, deep))
    now_spent, then_spent = np.zeros((WEEK, deep)), np.zeros((WEEK, deep))
    for kind in range(N_TYPES):
        o = Paths(then, then_spent, chance[kind], spent[kind])
        if kind == DEAD:
            put(o, NOT_WORKING, 1, 1.0, c.minutes[WAS_DEAD])
        elif kind == MACHINE:
            put(o, NOT_LINE, 1, 1.0, c.minutes[WAS_MACHINE])
        elif kind == RINGING:
            put(o, NO_ANSWER, A, 1.0, A * c.minutes[RANG])
        else:
            free = 1.0 if kind == BUSINESS else 1.0 - c.blocked[frame]
            put(o, BLOCKED, A, 1.0 - free, (1.0 - free) * A * c.minutes[WAS_BLOCKED])
            now[:], now_spent[:] = 0.0, 0.0
            for s in range(WEEK):
                now[s, 0] = free * c.first[s]
            for call in range(1, A + 1):
                then[:], then_spent[:] = 0.0, 0.0
                for s, state in np.ndindex(WEEK, deep):
                    if now[s, state] > 0.0:
                        flow = Flow(now[s, state], now_spent[s, state])
                        step(c, Call(frame, call, s), kind, cooperation, state, flow, o)
                now[:], now_spent[:] = then, then_spent
        for code, call in np.ndindex(N_CODES, A + 1):
            if o.chance[code, call] > 0.0:
                o.spent[code, call] /= o.chance[code, call]


@inline_jit
def put(o: Paths, code: Int, call: Int, mass: float, minutes: float) -> None:
    """Add an end: its probability and its probability × minutes."""
    o.chance[code, call] += mass
    o.spent[code, call] += minutes


@inline_jit
def move(c: Chain, call: Call, memory: Memory, rule: Int, flow: Flow, o: Paths) -> None:
    """Call again by a rule, or end where that was the last call."""
    if call.nth == c.attempts[call.frame]:
        put(o, pending_code(memory.contact), call.nth, flow.mass, flow.minutes)
    else:
        state = (memory.contact * (c.conversions[call.frame] + 1) + memory.refusals) * 2 + memory.pending
        t = (call.slot + c.again[rule, call.slot]) % WEEK
        o.then[t, state] += flow.mass
        o.then_spent[t, state] += flow.minutes


@jit
def step(c: Chain, call: Call, kind: Int, cooperation: Array, state: Int, flow: Flow, o: Paths) -> None:
    """A call from a state of this probability: where it leads."""
    mass, minutes = flow.mass, flow.minutes
    frame, s, nth = call.frame, call.slot, call.nth
    pending, rest = state & 1, state >> 1
    refusals, memory = rest % (c.conversions[frame] + 1), rest // (c.conversions[frame] + 1)
    busy, last = c.busy[frame], nth == c.attempts[frame]
    answers = (1.0 - busy) * c.contact[frame, c.kind[frame, kind], pending, s]
    device = 0.0 if kind == BUSINESS else c.device[frame]
    rings = (1.0 - device) * c.minutes[RANG] + device * c.minutes[ANSWERED_BY_DEVICE]
    for silent, length, code, rule in (
        (busy, c.minutes[WAS_BUSY], BUSY, AFTER_BUSY),
        (1.0 - busy - answers, rings, NO_ANSWER, AFTER_RING),
    ):
        q, spent = mass * silent, (minutes + mass * length) * silent
        if last and memory == NONE:
            put(o, DEVICE, nth, q * device, spent * device)
            put(o, code, nth, q * (1.0 - device), spent * (1.0 - device))
        else:
            still = pending if rule == AFTER_BUSY else 0
            move(c, call, Memory(memory, refusals, still), rule, Flow(q, spent), o)
    q, base = mass * answers, minutes * answers  # what was spent before grows with each result's minutes
    if kind in (BUSINESS, NOBODY_ELIGIBLE):
        code, result = (NOT_HOUSEHOLD, WAS_BUSINESS) if kind == BUSINESS else (NOT_ELIGIBLE, WAS_CHILD)
        put(o, code, nth, q, base + q * c.minutes[result])
        return
    away = 0.0 if pending == 1 else 1.0 - c.available[frame]
    if away > 0.0:
        spent = (base + q * c.minutes[WAS_AWAY]) * away
        move(c, call, Memory(APPOINTMENT, refusals, 1), AFTER_APPOINTMENT, Flow(q * away, spent), o)
        q, base = q * (1.0 - away), base * (1.0 - away)
    e = c.ends[frame]
    yes = cooperation[kind, np.int64(refusals > 0) + 2 * pending]
    for part, code, result in (
        (yes * (1.0 - e[0]), COMPLETE, INTERVIEWED),
        (yes * e[0] * e[1], PARTIAL, BROKE_OFF),
        (yes * e[0] * (1.0 - e[1]), BREAK_OFF, BROKE_OFF),
        ((1.0 - yes) * e[2] * e[3], LANGUAGE, COULD_NOT),
        ((1.0 - yes) * e[2] * (1.0 - e[3]), UNABLE, COULD_NOT),
    ):
        put(o, code, nth, q * part, (base + q * c.minutes[result]) * part)
    no = (1.0 - yes) * (1.0 - e[2])
    for screened in range(2):
        part = no * (1.0 - e[5] if screened == 1 else e[5])
        later = APPOINTMENT if screened == 1 else APPOINTMENT_UNSCREENED
        spent = (base + q * c.minutes[APPOINTED]) * part * e[4]
        move(c, call, Memory(later, refusals, 1), AFTER_APPOINTMENT, Flow(q * part * e[4], spent), o)
        part *= 1.0 - e[4]
        hard = e[6] if refusals < c.conversions[frame] else 1.0
        end = REFUSAL if screened == 1 else NOT_SCREENED
        put(o, end, nth, q * part * hard, (base + q * c.minutes[REFUSED]) * part * hard)
        if hard < 1.0:
            soft = SOFT if screened == 1 else SOFT_UNSCREENED
            spent = (base + q * c.minutes[PUT_OFF]) * part * (1.0 - hard)
            moved = q * part * (1.0 - hard)
            move(c, call, Memory(soft, refusals + 1, 0), AFTER_REFUSAL, Flow(moved, spent), o)


# ------------------------------------------------------------------------------------------------ the calls themselves
@inline_jit
def below(word: np.uint64, place: Int, share: float) -> bool:
    """Whether a 16-bit lane of a random word falls below a share."""
    return float(lane(word, place)) < share * 65536.0


@inline_jit
def one_call(
    c: Chain, case: Any, call: Call, effect: float, key: Array, unit: Int
) -> tuple[Int, Int, Int, Int, Int, Int, np.uint64]:
    """The call to a case: result, final code (-1: open), memory, refusals, pending, rule."""
    frame, kind, memory = call.frame, np.int64(case.kind), np.int64(case.memory)
    refusals, pending = np.int64(case.refusals), np.int64(case.pending)
    if kind == DEAD:
        return WAS_DEAD, NOT_WORKING, memory, refusals, pending, AFTER_RING, np.uint64(0)
    if kind == MACHINE:
        return WAS_MACHINE, NOT_LINE, memory, refusals, pending, AFTER_RING, np.uint64(0)
    if kind == RINGING:
        return RANG, -1, memory, refusals, pending, AFTER_RING, np.uint64(0)
    if case.known & 1:
        return WAS_BLOCKED, -1, memory, refusals, pending, AFTER_RING, np.uint64(0)
    w0, w1, w2, w3 = philox(case.number, call.nth, unit, np.int64(frame == 0), key[0], key[1])
    if below(w2, 0, c.busy[frame]):
        return WAS_BUSY, -1, memory, refusals, pending, AFTER_BUSY, w3
    if (
        not float(w0 >> np.uint64(11)) * (1.0 / 9007199254740992.0)
        < c.contact[frame, c.kind[frame, kind], pending, call.slot]
    ):
        return (ANSWERED_BY_DEVICE if case.known & 2 else RANG), -1, memory, refusals, 0, AFTER_RING, w3
    if kind == BUSINESS:
        return WAS_BUSINESS, NOT_HOUSEHOLD, memory, refusals, 0, AFTER_RING, w3
    if kind == NOBODY_ELIGIBLE:
        return WAS_CHILD, NOT_ELIGIBLE, memory, refusals, 0, AFTER_RING, w3
    if pending == 0 and not below(w2, 1, c.available[frame]):
        return WAS_AWAY, -1, APPOINTMENT, refusals, 1, AFTER_APPOINTMENT, w3
    log_odds = c.willing[frame, kind] + c.shift[frame, np.int64(refusals > 0) + 2 * pending] + effect
    screened = not below(w3, 0, c.ends[frame, 5])
    if float(w1 >> np.uint64(11)) * (1.0 / 9007199254740992.0) * (1.0 + np.exp(-log_odds)) < 1.0:
        if not below(w2, 2, c.ends[frame, 0]):
            return INTERVIEWED, COMPLETE, memory, refusals, 0, AFTER_RING, w3
        code = PARTIAL if below(w2, 3, c.ends[frame, 1]) else BREAK_OFF
        return BROKE_OFF, code, memory, refusals, 0, AFTER_RING, w3
    if below(w2, 2, c.ends[frame, 2]):
        return COULD_NOT, (LANGUAGE if below(w2, 3, c.ends[frame, 3]) else UNABLE), memory, refusals, 0, AFTER_RING, w3
    if below(w2, 3, c.ends[frame, 4]):
        later = APPOINTMENT if screened else APPOINTMENT_UNSCREENED
        return APPOINTED, -1, later, refusals, 1, AFTER_APPOINTMENT, w3
    if refusals >= c.conversions[frame] or below(w3, 1, c.ends[frame, 6]):
        return REFUSED, (REFUSAL if screened else NOT_SCREENED), memory, refusals, 0, AFTER_RING, w3
    return PUT_OFF, -1, (SOFT if screened else SOFT_UNSCREENED), refusals + 1, 0, AFTER_REFUSAL, w3


@inline_jit
def close(o: Cases, i: Int, result: Int) -> Int:
    """Final code of a case that is not called again, as it stands after its last call's result (-1: never called)."""
    if o.row[i].memory != NONE:
        return pending_code(o.row[i].memory)
    if o.row[i].calls == 0:
        return NOT_ATTEMPTED
    if o.row[i].known & 1:
        return BLOCKED
    if o.row[i].known & 2:
        return DEVICE
    return BUSY if result == WAS_BUSY else NO_ANSWER


@jit
def open_cases(c: Chain, o: Cases, h: Centre, start: Int, slot: Int, key: Array) -> None:
    """Line up the cases from `start` on for their first calls, within the week after `slot`, and draw what lasts: blocked numbers,
    devices."""
    c, o, h = borrowed(c), borrowed(o), borrowed(h)
    U = h.units[0]
    for i in range(start, len(o.row)):
        frame, unit = o.row[i].unit // U, o.row[i].unit % U
        _, _, _, w3 = philox(o.row[i].number, NUMBER, unit, np.int64(frame == 0), key[0], key[1])
        mine = h.group[o.row[i].kind] >= 0
        blocked, device = mine and below(w3, 0, c.blocked[frame]), mine and below(w3, 1, c.device[frame])
        o.row[i].known = np.int64(blocked) + 2 * np.int64(device)
        u, offset = float(lane(w3, 2)) / 65536.0, 0
        while offset < WEEK - 1 and u >= c.first[(slot + offset) % WEEK]:
            u -= c.first[(slot + offset) % WEEK]
            offset += 1
        line_up(h, o, FRESH, slot + offset, i)


@jit
def work(c: Chain, o: Cases, h: Centre, span: Span, key: Array, paradata: Array) -> Int:
    """Make the calls of a Span. Fills `paradata` (rows, 7) with case, call,
    slot, interviewer, result, start and length in hundredths of minutes when it has rows; returns the calls made."""
    c, o, h = borrowed(c), borrowed(o), borrowed(h)
    U, J, made = h.units[0], len(h.effect), 0
    clock, who = np.empty(J), np.empty(J, np.int64)
    for t in range(span.slot, span.until):
        s = t % WEEK
        seats = h.seats[s]
        turn = np.int64(scramble(np.uint64(t), key[1], 0) >> np.uint64(33)) % J  # whose shift it is
        for j in range(seats):
            clock[j], who[j] = 0.0, (turn + j) % J
        later = t + 1
        while h.seats[later % WEEK] == 0:
            later += 1
        for queue in range(3):
            while h.queue[queue, t, 2] > 0 and seats > 0 and clock[0] < h.shift[0]:
                i = h.queue[queue, t, 0]
                h.queue[queue, t, 0] = o.row[i].follows
                h.queue[queue, t, 2] -= 1
                unit = o.row[i].unit
                if h.stop[0] == 1 and h.found[unit] >= h.targets[unit]:
                    o.row[i].code = close(o, i, -1)
                    continue
                frame, v = unit // U, unit % U
                call = np.int64(o.row[i].calls) + 1
                result, code, memory, refusals, pending, rule, word = one_call(
                    c, o.row[i], Call(frame, call, s), h.effect[who[0]], key, v
                )
                minutes = c.minutes[result]
                if result == INTERVIEWED:
                    group = h.group[o.row[i].kind]
                    if h.quota[frame, h.area[v], group] <= 0:
                        result, code, minutes = QUOTA_FULL, QUOTA, c.minutes[QUOTA_FULL]
                    else:
                        h.quota[frame, h.area[v], group] -= 1
                        h.found[unit] += 1
                        minutes *= 0.6 + 0.8 * float(lane(word, 2)) / 65536.0
                o.row[i].calls, o.row[i].memory, o.row[i].refusals, o.row[i].pending = call, memory, refusals, pending
                o.row[i].slot, o.row[i].interviewer = t, who[0]
                o.row[i].minutes += minutes
                h.spent[frame, v, 0] += minutes
                h.spent[frame, v, 1] += 1
                if len(paradata) > 0:
                    row = paradata[made]
                    row[0], row[1], row[2], row[3], row[4] = i, call, t, who[0], result
                    row[5], row[6] = np.int64(clock[0] * 100.0), np.int64(minutes * 100.0)
                made += 1
                clock[0] += minutes
                settle(clock, who, seats)
                again = t + c.again[rule, s]
                if code < 0 and (call == c.attempts[frame] or again >= span.last):
                    code = close(o, i, result)
                o.row[i].code = code
                if code < 0:
                    line_up(h, o, BY_APPOINTMENT if pending == 1 else CALLBACK, again, i)
            put_off(h, o, queue, t, later)
    return made


@jit
def close_all(o: Cases) -> None:
    """Close what is still open, as it stands."""
    for i in range(len(o.row)):
        if o.row[i].code < 0:
            o.row[i].code = close(o, i, -1)
