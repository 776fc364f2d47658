"""What repetitions come from: the one loop in which every method is judged, and how estimates become values."""

from functools import cached_property

import numpy as np

from .. import streams
from ..errors import SurveysimError
from ..estimation.estimates import item_degrees
from . import faults
from .ledger import FIELDS
from .samples import Sample, values_of


class Source:
    """Repetitions of one scenario.

    A kind of source has `spec`, `methods`, `definitions` (DataFrame of the estimands, by name), `seed`, `group`, `folder`, `items` (name,
    domain) of everything that is estimated, their `units`, `shares` and `factor` (E,), `together` repetitions in a part of the ledger, and

    drawn(r) : carries out repetition r, and returns a function of a method's number that gives its values (items, FIELDS);
    planned() : makes what only shows with the population at hand; truth() : exact values (E,); warm(), draw(r) : before a clock runs;
    replay(r) : repetition r again, whole; fast, block(repetitions) : whether many are made at once, and how.
    """

    fast = False  # repetitions are made one by one

    @cached_property
    def place(self):
        """{(name, domain): its position}."""
        return {item: k for k, item in enumerate(self.items)}

    def empty(self):
        """Values (items, FIELDS) that are all missing."""
        return np.full((len(self.items), len(FIELDS)), np.nan)

    def repetition(self, r):
        """Values (methods, items, FIELDS) of repetition r, and its failures [(method, message)]."""
        values, failures, judged = np.stack([self.empty() for _ in self.methods]), [], self.drawn(r)
        for m, method in enumerate(self.methods):
            try:
                values[m] = judged(m)
            except SurveysimError as error:
                failures.append((m, faults.told(error)))
            except BaseException as error:
                if not method.own or not faults.of_plugin(error):
                    raise
                failures.append((m, faults.told(error)))  # whatever a plug-in raises
        return values, failures

    def plugged_in(self, method, r, make, **known):
        """Values of a method that makes its estimates itself."""
        rng = streams.stream(self.seed, self.group, f"method {method.name}", r)
        return values_of(method.function(str(self.folder))(Sample(r, rng, make, **known)), self.items)

    def replicated(self, survey, method, r):
        """The survey with the replicates that a method asks for."""
        if method.variance in ("linearized", "none"):
            return survey
        key = streams.key(self.seed, self.group, "replicates", r)[0] if method.variance == "rao-wu" else None
        return survey.replicates(
            method.variance, n=method.replicates, seed=None if key is None else int(key >> np.uint64(1))
        )

    def put(self, values, method, name, found, domains, least, base=None, sign=1.0, shift=None):
        """Estimates of one estimand in its domains, as values: shift + sign × estimate / base; `least` degrees of freedom, or None."""
        degrees = item_degrees(found.design, found.items, [""] * len(domains), strict=False)
        degrees = degrees if least is None else np.fmax(degrees, least)
        bounds = self._percentiles(found) if method.interval == "percentile" else None
        for k, domain in enumerate(domains):
            i, over = self.place[name, domain], 1.0 if base is None else base[k]

            def own(value, over=over, k=k, factor=self.factor[i]):
                value = sign * value / over
                return (value if shift is None else shift[k] + value) * factor

            values[i, 0], values[i, 3] = own(found.columns["estimate"][k]), found.columns["n"][k]
            if method.variance != "none":
                enough = degrees[k] >= 1
                values[i, 1] = found.columns["se"][k] / over * self.factor[i] if enough else np.nan
                values[i, 2] = degrees[k] if enough else np.nan
            if bounds is not None:
                values[i, 5:7] = np.sort(own(bounds[k]))

    def _percentiles(self, found):
        """Bounds (rows, 2) from the replicates' values."""
        level = self.spec.estimation.level
        values = found.design.values(found.items)
        return np.quantile(values, [(1 - level) / 2, (1 + level) / 2], axis=1, method="inverted_cdf").T
