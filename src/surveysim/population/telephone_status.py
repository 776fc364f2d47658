"""Telephones and outcomes of a population from a folder: log odds by level, fitted to shares of persons by group."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..aliases import Array, Floats
from ..errors import DataError
from .facts import STATUSES, UNIONS, Rate

if TYPE_CHECKING:
    from .from_folder import FromFolder

FAR = 0.03  # how far the shares of a variable's groups may be from the share of everybody


class Groups:
    """Who is in which group, of a grid of areas, cells and, where it is known, telephone statuses: arrays that broadcast."""

    def __init__(self, pop: "FromFolder", area: Array, cell: Array, status: Any = 0) -> None:
        self.pop, self.area, self.cell, self.status = pop, area, cell, status

    def __call__(self, variable: str, level: str) -> Any:
        """Truths of the shape of them all."""
        pop, shape = self.pop, np.broadcast_shapes(*(np.shape(x) for x in (self.area, self.cell, self.status)))
        if not variable:
            return np.ones(shape, bool)
        if variable == "telephone":
            return np.broadcast_to(np.isin(self.status, UNIONS[level]), shape)
        if variable in pop.attributes:
            codes, labels = pop.attribute_codes(variable)[self.area], pop.attributes[variable]
        else:
            codes, labels = pop._level(self.cell, variable), pop.levels[variable]
        return np.broadcast_to(codes == labels.index(level), shape)

    def columns(self, rates: Sequence[Rate]) -> Floats:
        """Who is in the group of each rate, (places, rates)."""
        return np.column_stack([self(rate.variable, rate.level).ravel() for rate in rates]).astype(float)


def fit(pop: "FromFolder") -> None:
    """Fill the tables of landlines, mobiles and outcomes.

    A household's log odds of a landline is the sum of its members' effects, which are found so that the shares of *persons* with a
    landline hold in every group; those of a mobile and of outcomes are a person's own.
    """
    p, (begin, ids) = pop.people, pop.sample_of_households()
    grid = Groups(pop, np.arange(len(pop.strata))[:, None], np.arange(pop.expected.shape[1])[None, :])
    shape, cells = pop.expected.shape, pop.expected.shape[1]
    _, out, _ = pop._draw(ids, outcomes=False)
    place = p.class_stratum[out[:, 0]] * cells + out[:, 2]  # of persons in the grid of areas and cells

    everybody = np.bincount(place, minlength=pop.expected.size)
    lines = _meeting(_landline(pop.facts.telephone), grid, everybody, "a landline")
    columns = grid.columns(lines)
    counts = np.add.reduceat(columns[place], begin[:-1], axis=0)
    p.line[:] = (columns @ _fitted(counts, lines, np.ones(len(counts)))).reshape(shape)

    has = pop._draw(ids, outcomes=False)[1][:, 4] > 0
    given = _mobile(pop.facts.telephone, lines), _connected(pop.facts.telephone, lines)
    for k, inside, rates in ((1, has, given[0]), (0, ~has, given[1])):
        number = np.bincount(place[inside], minlength=pop.expected.size)
        if inside.any():
            p.mobile[k] = _shares(grid, _meeting(rates, grid, number, "a mobile"), number).reshape(shape)

    _, out, _ = pop._draw(ids, outcomes=False)
    status = np.where(out[:, 4] > 0, np.where(out[:, 5] > 0, 1, 0), np.where(out[:, 5] > 0, 2, 3))
    number = np.bincount(status * pop.expected.size + place, minlength=4 * pop.expected.size)
    every = Groups(pop, grid.area[None], grid.cell[None], np.arange(len(STATUSES))[:, None, None])
    for k, name in enumerate(pop.facts.outcome_names):
        rates = _meeting([rate for rate in pop.facts.outcomes if rate.name == name], every, number, name)
        p.outcome[:, k] = _shares(every, rates, number).reshape(len(STATUSES), *shape)


def _shares(groups, rates, number):
    """Probability in every place of a grid, from rates that hold for the `number` of persons in each."""
    columns = groups.columns(rates)
    return _expit(columns @ _fitted(columns, rates, number))


def _fitted(columns, rates, number):
    """Effects that give every group its share; `number` of units with these columns (members of each group)."""
    share = np.clip([rate.share for rate in rates], 1e-4, 1 - 1e-4)  # 0 and 1 have no log odds
    return effects(columns, share * (number @ columns), number.astype(float))


def _expit(score):
    return 0.5 * (1 + np.tanh(score / 2))  # which overflows nowhere


def effects(columns: Floats, targets: Floats, number: Floats, steps: int = 60) -> Floats:
    """Log odds θ (R,) with which Σ number · expit(x'θ) x = `targets`: the logistic model that meets totals, shortest θ where several do.

    Parameters
    ----------
    columns : (n, R) members of each group in each unit. targets : (R,) how many of them have it. number : (n,) units alike.
    """
    theta, there = np.zeros(columns.shape[1]), number > 0
    columns, number = columns[there], number[there]

    def badness(at):  # convex, least where the totals are met
        return number @ np.logaddexp(0.0, columns @ at) - targets @ at

    for _ in range(steps):
        share = _expit(columns @ theta)
        gap = targets - (number * share) @ columns
        if np.abs(gap).max(initial=0.0) < 1e-9 * number.sum():
            break
        slope = (columns * (number * share * (1 - share))[:, None]).T @ columns
        step, before = np.linalg.lstsq(slope, gap, rcond=1e-9)[0], badness(theta)
        while badness(theta + step) > before and np.abs(step).max() > 1e-12:  # a long step overshoots
            step = step / 2
        theta = theta + step
    return theta


def _meeting(rates, groups, number, what):
    """The rates, those of a variable that has all its levels moved in proportion so that together they make the share of everybody."""
    overall = next((rate.share for rate in rates if not rate.variable), None)
    if overall is None:
        return rates
    result = [rate for rate in rates if not rate.variable]
    far = FAR + 2 / np.sqrt(max(number.sum(), 1))  # a handful of people has no shares to speak of
    for variable in dict.fromkeys(rate.variable for rate in rates if rate.variable):
        mine = [rate for rate in rates if rate.variable == variable]
        sizes = number @ groups.columns(mine) / number.sum()
        factor = 1.0
        if abs(sizes.sum() - 1) < 1e-9:
            made = float(sizes @ [rate.share for rate in mine])
            if abs(made - overall) > far:
                raise DataError(
                    f"share of persons with {what}: by {variable} it is {100 * made:.1f} % of everybody, as a whole "
                    f"{100 * overall:.1f} %, from line {mine[0].line} on. Groups and everybody have to be of one time."
                )
            factor = overall / made if made else 1.0
        for rate, size in zip(mine, sizes, strict=True) if factor == 1.0 else ():
            if max(size * rate.share - overall, size * (1 - rate.share) - (1 - overall)) > far:
                group = f"{rate.variable} {rate.level}, {100 * size:.0f} % of everybody, has {100 * rate.share:g} % (line {rate.line})"
                raise DataError(
                    f"share of persons with {what}: {group}, which everybody's {100 * overall:g} % cannot hold. Groups and everybody have "
                    "to be of one time."
                )
        result += [Rate(r.name, r.variable, r.level, min(r.share * factor, 1.0), r.line) for r in mine]
    return result


def _by_group(rates):
    """{(variable, level): {status: rate}} in the order of the file, everybody first."""
    found: dict[tuple[str, str], dict[str, Rate]] = {("", ""): {}}
    for rate in rates:
        found.setdefault((rate.variable, rate.level), {})[rate.name] = rate
    return found


def _landline(rates):
    """Share of persons with a landline in every group of which it follows from what is known."""
    found, result = _by_group(rates), []
    nobody = found["", ""]["none"].share
    for (variable, level), known in found.items():
        line = min(rate.line for rate in known.values())
        if "landline" in known:
            share = known["landline"].share
        elif "landline_only" in known and "both" in known:
            share = known["landline_only"].share + known["both"].share
        elif "mobile_only" in known:
            share = 1 - known["mobile_only"].share - (known["none"].share if "none" in known else nobody)
        else:
            continue
        result.append(Rate("landline", variable, level, max(share, 0.0), line))
    return result


def _given_line(rates, lines, status, without):
    """Share that has a mobile among those with (or without) a landline, in the groups where `status` says who has none."""
    known = {(rate.variable, rate.level): rate.share for rate in lines}
    overall, result = known["", ""], []
    for rate in rates:
        if rate.name == status:
            base = known.get((rate.variable, rate.level), overall)
            base = 1 - base if without else base
            result.append(
                Rate("mobile", rate.variable, rate.level, 1 - min(rate.share / max(base, 1e-9), 1.0), rate.line)
            )
    return sorted(result, key=lambda rate: rate.variable != "")


def _mobile(rates, lines):
    return _given_line(rates, lines, "landline_only", False)


def _connected(rates, lines):
    return _given_line(rates, lines, "none", True)
