"""Hansen and Hurwitz's subsample of those who do not answer: the best share, the sample, what it costs."""

from typing import Any

from scipy import stats

from surveysim import sampling

Z = stats.norm.ppf(0.975)


def run(repetitions: int, seed: int) -> dict[str, Any]:
    """The plans that PracTools prints; nothing is drawn."""
    precise = sampling.subsample(0.7, (75, 150), moe=0.1 * Z, sd=3, rounded=False)
    cheap = sampling.subsample(0.5, (50, 200), budget=100_000, sd=1, rounded=False)
    found = {}
    for name, plan, response, first in (("CV of 0.10", precise, 0.7, 75), ("budget of 100,000", cheap, 0.5, 50)):
        alone = plan.single / response  # sampled once, with the first phase's answers alone
        found[name] = [
            plan.se,
            plan.rate,
            plan.n,
            plan.second,
            plan.n + plan.second,
            alone,
            plan.cost / (alone * first),
            plan.cost,
        ]
    return found
