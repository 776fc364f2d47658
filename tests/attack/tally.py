"""What was visited and what was found."""

import itertools
import random
import re
from collections import Counter

from . import families


def parts(cell):
    """The cells of the coarse table a cell lies in: pairs of levels; single levels where there are two axes."""
    size = 2 if len(cell) > 2 else 1
    return list(itertools.combinations(enumerate(cell), size))


class Tally:
    """Counts by cell and by check, findings by what they are, and the next case to run."""

    def __init__(self, names, seed):
        self.names, self.seed = names, seed
        self.cells = {name: families.cells(name) for name in names}
        self.pace = {name: families.family(name).PACE for name in names}
        self.reached = {name: [0] * len(self.cells[name]) for name in names}
        self.tried = {name: [0] * len(self.cells[name]) for name in names}
        self.given = dict.fromkeys(names, 0)
        self.counts, self.refusals, self.cases = Counter(), Counter(), 0
        self.findings = {}
        self.queue = {}
        self.missing = {name: {part for cell in self.cells[name] for part in parts(cell)} for name in names}
        self.random = random.Random(seed)

    def next(self):
        """(family, number): of the family that is behind its pace the cell that fills most of the coarse table, else the emptiest.

        No clock has a part in it, so that one worker always has the same cases in the same order, however far it comes.
        """
        name = min(self.names, key=lambda n: (self.given[n] + 1) / self.pace[n])
        tried, cells = self.tried[name], self.cells[name]
        few = self.random.sample(range(len(cells)), min(len(cells), 60))
        if self.missing[name]:
            cell = max(few, key=lambda c: (sum(part in self.missing[name] for part in parts(cells[c])), -tried[c]))
        else:
            cell = self._emptiest(name)
        number = tried[cell] * len(cells) + cell
        tried[cell] += 1
        self.given[name] += 1
        return name, number

    def _emptiest(self, name):
        """A cell of the fewest visits, of those tried least."""
        if not self.queue.get(name):
            order = list(range(len(self.cells[name])))
            self.random.shuffle(order)
            order.sort(key=lambda c: -self.tried[name][c])
            least = min(self.reached[name])
            self.queue[name] = [c for c in order if self.reached[name][c] == least][-200:]
        return self.queue[name].pop()

    def add(self, name, number, reply):
        """Count what a case came to; its findings that are new of their kind."""
        self.cases += 1
        cell = number % len(self.cells[name])
        self.reached[name][cell] += bool(reply["reached"])
        if reply["reached"]:
            self.missing[name] -= set(parts(self.cells[name][cell]))
        for check, count in reply["counts"].items():
            self.counts[name, check] += count
        self.refusals.update(reply["refusals"])
        new = []
        for finding in reply["findings"]:
            key = (name, finding["check"], finding["kind"], *self._about(name, number, finding["check"]))
            first = key not in self.findings
            self.findings.setdefault(key, []).append(number)
            new += [finding] if first else []
        return new

    def _about(self, name, number, check):
        """The part of a cell that tells findings apart: statistic and adjustment where numbers differ."""
        if check in ("untyped", "crash", "plain", "pickle", "deepcopy", "attacker", "unnamed", "not finite"):
            return ()
        cell = self.cells[name][number % len(self.cells[name])]
        return (cell[0], cell[-1]) if len(cell) == 4 else cell[:1]

    def empty(self, coarse):
        """Cells nobody was in, as text: of all axes, or of the coarse table."""
        made = []
        for name in self.names:
            axes = [axis for axis, _ in families.family(name).AXES]
            if coarse:
                for part in sorted(self.missing[name], key=str):
                    made.append(f"{name}: " + ", ".join(f"{axes[i]} {level}" for i, level in part))
            else:
                made += [
                    f"{name}: {', '.join(map(str, c))}"
                    for c, count in zip(self.cells[name], self.reached[name])
                    if not count
                ]
        return made

    def table(self, name):
        """Visits as text: the first two axes down, the third across, the fewest and the sum over the rest."""
        axes = families.family(name).AXES
        down = axes[: max(len(axes) - 2, 1)]
        across = axes[len(down)] if len(axes) > len(down) else ("", ("",))
        if len(across[1]) > 12:
            seen = sum(count > 0 for count in self.reached[name])
            return f"{name}: {' × '.join(a for a, _ in axes)}: {seen:,} of {len(self.cells[name]):,} cells visited"
        groups = {}
        for cell, count in zip(self.cells[name], self.reached[name]):
            key = cell[: len(down)], cell[len(down)] if len(axes) > len(down) else ""
            groups.setdefault(key, []).append(count)
        width = max(len(" ".join(map(str, key))) for key, _ in groups) + 2
        head = " × ".join(a for a, _ in axes)
        lines = [
            f"{name}: {head} (visits: sum, and the fewest of a cell)",
            " " * width + "".join(f"{v!s:>16}" for v in across[1]),
        ]
        for key in dict.fromkeys(k for k, _ in groups):
            row = [groups[key, v] for v in across[1]]
            lines.append(f"{' '.join(map(str, key)):<{width}}" + "".join(f"{sum(c):>11} {min(c):>4}" for c in row))
        return "\n".join(lines)

    def comparisons(self):
        """Comparisons by family and check, as text."""
        lines = []
        for name in self.names:
            own = {re.sub(r" .*", "", c) if c.startswith("naive") else c: 0 for (f, c) in self.counts if f == name}
            for (f, c), count in self.counts.items():
                if f == name:
                    own[re.sub(r" .*", "", c) if c.startswith("naive") else c] += count
            total = sum(own.values())
            lines.append(
                f"{name:<14}{total:>12,}  "
                + ", ".join(f"{c} {v:,}" for c, v in sorted(own.items(), key=lambda x: -x[1]))
            )
        return "\n".join(lines)
