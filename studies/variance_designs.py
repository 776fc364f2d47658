"""The population, the samples and the recipes whose variances studies/variance_proof.py measures.

A population of 20,000 people is made once. A design draws a sample and brings `controls`: Horvitz-Thompson totals of the same
sample, whose variances and covariances are known exactly. A recipe turns the sample into a Survey.
"""

from dataclasses import dataclass, field
from functools import cache, partial

import numpy as np
import pandas as pd
from scipy import linalg

import surveysim as ss
from surveysim.weighting import (
    BaseWeight,
    Calibrate,
    Composite,
    Impute,
    Multiplicity,
    NonresponseClasses,
    NonresponsePropensity,
    Rake,
    Scale,
    SingleFrame,
    Trim,
)
from surveysim.weighting import UnitNonresponse as Units

N, SEED, LOST = 20_000, 20_240, 0.12
SEXES, AGES, AREAS = ("female", "male"), ("15", "30", "45", "60"), ("north", "middle", "south")


AREA_BY_AGE = np.array([[0.15, 0.15, 0.7], [0.25, 0.3, 0.45], [0.35, 0.45, 0.2], [0.5, 0.4, 0.1]])


# -------------------------------------------------------------------------------------------------------- population
def population():
    """Columns (N,) of the population: codes of categories, numbers, and what the designs need."""
    rng = np.random.default_rng(SEED)
    sex, age = rng.integers(0, 2, N), rng.integers(0, 4, N)
    area = (rng.random((N, 1)) > np.cumsum(AREA_BY_AGE[age], axis=1)).sum(axis=1)
    free = (rng.random(N) < 0.3 + 0.05 * sex).astype(int)
    block = rng.integers(0, 4, N)
    level = 4 + 1.5 * sex + age + 1.5 * (area == 1) + 2 * free + 0.5 * block
    y = level * rng.gamma(3, 1 / 3, N)
    x = 3 + 0.4 * y + rng.gamma(2, 1, N)
    mobiles = 1 + (rng.random(N) < 0.35).astype(int) + (rng.random(N) < 0.1)
    size = np.exp(rng.normal(0, 0.35, N)) * np.sqrt(x)
    frame = rng.choice(3, N, p=[0.3, 0.35, 0.35])  # only A, both, only B
    frame = np.where((age == 0) & (frame == 0), 2, frame)  # the young have no landline alone
    return {
        "sex": sex,
        "age": age,
        "half": age // 2,
        "area": area,
        "free": free,
        "block": block,
        "y": y,
        "x": x,
        "mobiles": mobiles,
        "size": size,
        "frame": frame,
    }


PEOPLE = population()
MEDIAN = float(np.sort(PEOPLE["y"])[N // 2 - 1])
TILT = (PEOPLE["x"] / PEOPLE["x"].mean()) ** 0.5
LABELS = {"sex": SEXES, "age": AGES, "half": ("young", "old"), "area": AREAS, "free": ("no", "yes")}
KINDS = {name: pd.CategoricalDtype(labels) for name, labels in LABELS.items()}


QUESTIONS = ("total", "total, raked domain", "total, free domain", "mean", "ratio", "median")


def truth(recipe):
    """The six quantities asked for."""
    p = PEOPLE
    y, x = p["y"], p["x"]
    female = y[p["sex"] == 0].sum() * (
        1 - LOST if recipe == "missing level" or recipe.startswith("impute") else 1
    )  # of those who say so
    return np.array([y.sum(), female, y[p["free"] == 1].sum(), y.mean(), y.sum() / x.sum(), MEDIAN])


def scores():
    """What the six quantities are functions of (N, 6)."""
    p = PEOPLE
    y, x = p["y"], p["x"]
    return np.column_stack([y, y * (p["sex"] == 0), y * (p["free"] == 1), np.ones(N), x, y <= MEDIAN])


def indicators(*names):
    """Indicators (N, levels) of the cells of some categories."""
    codes = [PEOPLE[name] for name in names]
    shape = [len(LABELS[name]) for name in names]
    return np.eye(int(np.prod(shape)))[np.ravel_multi_index(codes, shape)]


def margin(*names, weight=None):
    """{level: total} of a category, {tuple of levels: total} of several; people, or sums of `weight`."""
    codes = [PEOPLE[name] for name in names]
    shape = [len(LABELS[name]) for name in names]
    total = np.bincount(np.ravel_multi_index(codes, shape), weight, int(np.prod(shape)))
    levels = [tuple(LABELS[n][i] for n, i in zip(names, at)) for at in np.ndindex(*shape)]
    return {level if len(names) > 1 else level[0]: float(t) for level, t in zip(levels, total)}


SEX, AGE, HALF, AREA, SEX_AGE = (margin(*names) for names in (["sex"], ["age"], ["half"], ["area"], ["sex", "age"]))
MAIN = {"sex": SEX, "age": AGE}


OFF = np.array([[0.6, 0.9, 1.1, 1.4], [0.9, 1.0, 1.2, 1.1]])  # initial weights that are wrong by sex and age
FAR = OFF[:, :, None] * np.array([1.4, 1.0, 0.75])  # by area, too
MILD = np.multiply.outer([0.8, 1.2], [0.85, 0.95, 1.05, 1.15])


# ----------------------------------------------------------------------------------------------------------- designs
@dataclass(frozen=True)
class Sample:
    """A table of the sample (two from two frames), the controls (q,) of the same draw, and errors of totals from elsewhere.

    `made` keeps what several recipes start from.
    """

    data: object
    controls: np.ndarray
    noise: object = None
    made: dict = field(default_factory=dict)


class Draws:
    """n draws with replacement from every block of some units, with probabilities in proportion to size."""

    def __init__(self, units, size, n):
        blocks = PEOPLE["block"][units]
        self.units = [units[blocks == h] for h in np.unique(blocks)]
        self.n = n
        self.cumulated, self.expected = [], np.zeros(N)
        for at in self.units:
            share = size[at] / size[at].sum()
            self.cumulated.append(np.cumsum(share))
            self.expected[at] = n * share

    def draw(self, rng):
        """Units drawn, their blocks."""
        found = [
            at[np.minimum(np.searchsorted(c, rng.random(self.n)), len(at) - 1)]
            for at, c in zip(self.units, self.cumulated)
        ]
        return np.concatenate(found), np.repeat(np.arange(len(found)), self.n)

    def covariance(self, z, response=None):
        """Covariance of Σ z / expected over the draws; with `response` (N,), also of the same over those who respond."""
        q = z.shape[1]
        result = np.zeros((q, q) if response is None else (2 * q, 2 * q))
        for at in self.units:
            e = self.expected[at][:, None]
            total, square = z[at].sum(axis=0), (z[at] / e).T @ z[at]
            if response is not None:
                thinned = (z[at] / (e * response[at][:, None])).T @ z[at]
                square = np.block([[square, square], [square, thinned]])
                total = np.concatenate([total, total])
            result += square - np.outer(total, total) / self.n
        return result


def table(unit, **more):
    """The columns of the units drawn, as a table."""
    p = PEOPLE
    columns = {name: pd.Categorical.from_codes(p[name][unit], dtype=kind) for name, kind in KINDS.items()}
    return pd.DataFrame(columns | {"y": p["y"][unit], "x": p["x"][unit], "n_mobile": p["mobiles"][unit]} | more)


class Simple:
    """One sample of people in four blocks, with unequal probabilities and replacement.

    `lost` is the probability that a raking variable (sex) is missing, `response` (N,) that somebody responds, `noise` (q,) are
    the standard errors of totals that are estimates from elsewhere.
    """

    def __init__(self, n=200, size=None, z=None, lost=0.0, response=None, noise=()):
        self.draws = Draws(np.arange(N), PEOPLE["size"] if size is None else size, n)
        self.z = BASIC if z is None else z
        self.lost, self.response = lost, np.full(N, 1 - lost) if lost else response
        self.noise = np.array(noise)
        self.known = linalg.block_diag(self.draws.covariance(self.z, self.response), np.diag(self.noise**2))

    def sample(self, rng):
        unit, block = self.draws.draw(rng)
        w = 1 / self.draws.expected[unit]
        z = self.z[unit] * w[:, None]
        sex, age, area = (PEOPLE[name][unit] for name in ("sex", "age", "area"))
        wrong = {"off": OFF[sex, age], "mild": MILD[sex, age], "far": FAR[sex, age, area], "tilted": TILT[unit]}
        wrong = {name: w * factor for name, factor in wrong.items()}
        data = table(unit, w=w, block=block, **wrong)
        if self.response is None:
            noise = self.noise * rng.normal(size=len(self.noise))
            return Sample(data, np.concatenate([z.sum(axis=0), noise]), noise)
        there = rng.random(len(unit)) < self.response[unit]
        if self.lost:
            data["sex"] = data["sex"].where(there)
        else:
            data["status"] = np.where(there, "R", np.where(rng.random(len(unit)) < 0.2, "U", "N"))
        seen = (z[there] / self.response[unit[there]][:, None]).sum(axis=0)
        return Sample(data, np.concatenate([z.sum(axis=0), seen]))


class Clusters:
    """Clusters drawn at random without replacement in four strata, people at random without replacement in them."""

    STRATA, ALL, TAKEN, PEOPLE, ASKED = 4, 100, 40, 50, 5

    def __init__(self, z=None):
        self.z = BASIC if z is None else z
        rng = np.random.default_rng(SEED + 1)
        order = np.argsort(PEOPLE["y"] + rng.normal(0, 12, N))  # people of a cluster are alike
        psu = np.empty(N, np.int64)
        psu[order] = np.arange(N) // self.PEOPLE
        label = rng.permutation(N // self.PEOPLE)
        self.psu = label[psu]
        members = np.argsort(self.psu, kind="stable").reshape(self.STRATA, self.ALL, self.PEOPLE)
        self.members = members
        M, m, K, k = self.ALL, self.TAKEN, self.PEOPLE, self.ASKED
        self.known = 0
        for stratum in members:
            inside = self.z[stratum]
            between = np.cov(inside.sum(axis=1).T)
            within = sum(np.cov(part.T) for part in inside)
            self.known = self.known + M**2 * (1 - m / M) / m * between + M / m * K**2 * (1 - k / K) / k * within

    def sample(self, rng):
        unit, stratum, psu = [], [], []
        for h, part in enumerate(self.members):
            taken = rng.choice(self.ALL, self.TAKEN, replace=False)
            people = rng.random((self.TAKEN, self.PEOPLE)).argpartition(self.ASKED, axis=1)[:, : self.ASKED]
            unit.append(part[taken[:, None], people].ravel())
            stratum.append(np.full(self.TAKEN * self.ASKED, h))
            psu.append(np.repeat(h * self.ALL + taken, self.ASKED))
        unit = np.concatenate(unit)
        w = np.full(len(unit), self.ALL / self.TAKEN * self.PEOPLE / self.ASKED)
        data = table(
            unit, w=w, stratum=np.concatenate(stratum), psu=np.concatenate(psu), row=np.arange(len(unit)),
            psus=self.ALL, people=self.PEOPLE,
        )  # fmt: skip
        return Sample(data, (self.z[unit] * w[:, None]).sum(axis=0))


class TwoFrames:
    """Two independent samples, of the people of frame A and of those of frame B; a third is in both."""

    def __init__(self, n=(200, 200)):
        frame, size = PEOPLE["frame"], PEOPLE["size"]
        self.inside = [np.flatnonzero(frame <= 1), np.flatnonzero(frame >= 1)]
        sizes = [size * np.exp(0.9 * np.cos(np.arange(N))), np.sqrt(size)]  # A's weights vary much more
        self.draws = [Draws(at, s, m) for at, s, m in zip(self.inside, sizes, n)]
        both = (frame == 1)[:, None]
        basic = np.column_stack([scores(), indicators("sex"), indicators("age")])
        a, b = (d.expected for d in self.draws)
        self.z = []
        for own, other in ((a, b), (b, a)):
            share = np.where(frame == 1, own / np.maximum(own + other, 1e-12), 0.0)[:, None]
            self.z.append(np.column_stack([basic * ~both, basic * both, basic[:, :7] * share]))
        self.known = linalg.block_diag(*(d.covariance(z) for d, z in zip(self.draws, self.z)))
        self.sizes = {"A": float((frame <= 1).sum()), "B": float((frame >= 1).sum()), "ab": float(both.sum())}
        self.margins = [
            {name: margin(name, weight=inside) for name in ("sex", "age")}
            for inside in ((frame <= 1).astype(float), (frame >= 1).astype(float))
        ]

    def sample(self, rng):
        tables, controls = [], []
        for k, (draws, z) in enumerate(zip(self.draws, self.z)):
            unit, block = draws.draw(rng)
            w = 1 / draws.expected[unit]
            overlap = np.array([("a", "b")[k], "ab"], dtype=object)[(PEOPLE["frame"][unit] == 1).astype(int)]
            pa, pb = (d.expected[unit] for d in self.draws)
            tables.append(table(unit, w=w, block=block, overlap=overlap, pa=pa, pb=pb))
            controls.append((z[unit] * w[:, None]).sum(axis=0))
        return Sample(tables, np.concatenate(controls))


# ----------------------------------------------------------------------------------------------------------- recipes
def plain(sample, weight="w"):
    return ss.Survey(sample.data, weight=weight, strata="block")


def clustered(sample):
    return ss.Survey(sample.data, weight="w", strata="stratum", psu=["psu", "row"], fpc=["psus", "people"])


def raked(sample, weight="w", margins=None, **options):
    cal = ss.rake(sample.data, MAIN if margins is None else margins, weight=weight, **options)
    return ss.Survey(sample.data, weight=cal, strata="block")


def recipe(data, *steps, dispositions=None):
    return ss.Survey(data, weight=ss.Recipe([BaseWeight("w"), *steps]).apply(data, dispositions), strata="block")


def respondents(sample, step, **options):
    """Weights of those who answered by the counts of those who did and did not."""
    data, by = sample.data, list(options["by"])
    count = pd.crosstab([data[name] for name in by], data["status"].replace("U", "N")).reset_index()
    dispositions = count.rename(columns={"R": "I", "N": "R"}).assign(P=0, NC=0, O=0, UH=0, UO=0, NE=0)
    there = data[data["status"] == "R"].reset_index(drop=True)
    return recipe(there, step(**options), dispositions=dispositions)


def by_numbers(sample):
    """Numbers raked to the numbers there are, then one share of a person for each of their numbers."""
    data = sample.data.assign(frame="mobile", n_lines=0, n_eligible=1)
    data["w"] = data["off"] * data["n_mobile"]
    numbers = {name: margin(name, weight=PEOPLE["mobiles"]) for name in ("sex", "age")}
    return recipe(data, Rake(numbers, minimum=1), Multiplicity())


def bounded(sample):
    """Calibrated to numbers and margins with bounds that hold many weights."""
    totals = {"x": float(PEOPLE["x"].sum()), **MAIN}
    cal = ss.calibrate(sample.data, totals, weight="tilted", method="truncated", bounds=(0.6, 1.6))
    return ss.Survey(sample.data, weight=cal, strata="block")


def with_error(sample):
    """Calibrated to totals that are estimates from elsewhere, with their covariance."""
    age, x = np.array(list(AGE.values())), PEOPLE["x"].sum()
    drawn = np.append(age, x) + sample.noise
    totals = {"age": dict(zip(AGES, drawn[:4])), "x": drawn[4]}
    cal = ss.calibrate(sample.data, totals, weight="w", covariance=np.diag(np.array(NOISE) ** 2))
    return ss.Survey(sample.data, weight=cal, strata="block")


def by_frame(sample):
    """Both samples in one table, each raked to its own frame, then composited."""
    both = [
        data.assign(frame=frame, block=frame + data["block"].astype(str)) for frame, data in zip(FRAMES, sample.data)
    ]
    margins = dict(zip(FRAMES, design("frames").margins))
    data = pd.concat(both, ignore_index=True)
    return recipe(data, Rake(margins, by="frame", minimum=1), Composite(0.4, domain="overlap"))


def as_one_frame(sample):
    """Both samples in one table, everybody weighted by how often one expects to draw them."""
    both = [data.assign(block=frame + data["block"].astype(str)) for frame, data in zip(FRAMES, sample.data)]
    data = pd.concat(both, ignore_index=True)
    weights = ss.Recipe([SingleFrame(["pa", "pb"], "kalton_anderson"), Rake(MAIN)]).apply(data)
    return ss.Survey(data, weight=weights, strata="block")


def imputed(method, sample, **options):
    """Sex imputed where it is missing, then raked."""
    return recipe(sample.data, Impute("sex", method, **options), Rake(MAIN))


def matched(sample):
    """The same by predictive means of a number, 1 for women and 0 for men."""
    sex = sample.data["sex"]
    data = sample.data.assign(woman=(sex == "female").astype(float).where(sex.notna()))
    numbers = {"woman": {1.0: SEX["female"], 0.0: SEX["male"]}, "age": AGE}
    return recipe(data, Impute("woman", "predictive_mean", predictors=["age", "x"]), Rake(numbers))


def dual(sample, raked):
    """Both samples as a DualFrameSurvey, raw or each raked to its own frame."""
    if raked not in sample.made:
        surveys = [ss.Survey(data, weight="w", strata="block") for data in sample.data]
        if raked:
            surveys = [survey.rake(margins) for survey, margins in zip(surveys, design("frames").margins)]
        sample.made[raked] = ss.DualFrameSurvey(*surveys, probability=("pa", "pb"))
    return sample.made[raked]


def pool(raked, sample):
    return dual(sample, raked).pooled


def composited(raked, estimator, ladder, sample):
    known = {name: design("frames").sizes[name] for name in SIZES[ladder]}
    return dual(sample, raked).survey(estimator, frame_sizes=known or None)


FRAMES = ("landline", "mobile")
INDICATORS = np.column_stack([indicators("sex", "age"), indicators("area")])
BASIC = np.column_stack([scores(), INDICATORS])
FINE = np.column_stack(
    [(scores()[:, :, None] * group[:, None]).reshape(N, -1) for group in (indicators("area"), indicators("sex"))]
    + [indicators("sex", "age", "area")]
)
NOISE = (*(0.03 * total for total in AGE.values()), 0.03 * PEOPLE["x"].sum())
CHANCE = 1 / (1 + np.exp(-(0.2 + 0.35 * PEOPLE["age"] - 0.4 * (PEOPLE["area"] == 1))))  # of answering
CLASSES = ("age", "area")


def cut(least, most):
    """What is left of every person's weight where it is trimmed to multiples of the mean (N,)."""
    w = 1 / Draws(np.arange(N), PEOPLE["size"], 200).expected
    mean = N / 800
    return (np.clip(w, least * mean, most * mean) / w)[:, None]


TRIM = (0.6, 1.6)
PARTS = {
    area: {name: margin(name, weight=PEOPLE["area"] == k) for name in ("sex", "age")} for k, area in enumerate(AREAS)
}
DESIGNS = {
    "simple": Simple,
    "trimmed": lambda: Simple(z=np.column_stack([BASIC, BASIC * cut(*TRIM)])),
    "large": lambda: Simple(n=800),
    "far": lambda: Simple(z=FINE),
    "tilted": lambda: Simple(z=np.column_stack([BASIC, BASIC / TILT[:, None], PEOPLE["x"] * INDICATORS.T[0]])),
    "numbers": lambda: Simple(
        size=PEOPLE["size"] * PEOPLE["mobiles"],
        z=np.column_stack([scores(), INDICATORS * PEOPLE["mobiles"][:, None]]),
    ),
    "missing": lambda: Simple(lost=LOST),
    "response": lambda: Simple(n=300, response=CHANCE),
    "noise": lambda: Simple(noise=NOISE),
    "clusters": Clusters,
    "frames": TwoFrames,
}


@cache
def design(name):
    return DESIGNS[name]()


HALVES, SHARES = {"half": HALF}, {name: {k: v / N for k, v in part.items()} for name, part in MAIN.items()}
X_SEX = {"x": float(PEOPLE["x"].sum()), "sex": SEX}
RECIPES = {  # of one sample: the design's name, and from the sample to the Survey
    "none": ("simple", plain),
    "none, four times the sample": ("large", plain),
    "rake": ("simple", lambda s: plain(s).rake(MAIN)),
    "rake, weights off": ("simple", lambda s: plain(s, "off").rake(MAIN)),
    "rake twice, independent margins": ("far", lambda s: plain(s, "far").rake({"sex": SEX}).rake({"age": AGE})),
    "rake twice, dependent margins": ("far", lambda s: plain(s, "far").rake(MAIN).rake({"area": AREA})),
    "rake twice, nested margins": ("far", lambda s: plain(s, "far").rake(HALVES).rake({("sex", "age"): SEX_AGE})),
    "calibrate, rake, poststratify": (
        "far",
        lambda s: (
            plain(s, "far")
            .calibrate(X_SEX, method="raking")
            .rake({"age": AGE, "area": AREA})
            .poststratify({("sex", "age"): SEX_AGE})
        ),
    ),
    "rake, then multiplicity": ("numbers", by_numbers),
    "rake by frame, then composite": ("frames", by_frame),
    "shares": ("simple", partial(raked, margins=SHARES)),
    "shares, trimmed": ("trimmed", partial(raked, margins=SHARES, trim=TRIM)),
    "totals, trimmed": ("trimmed", partial(raked, trim=TRIM)),
    "bounds, margins": ("simple", partial(raked, weight="mild", bounds=(0.62, 1.6))),
    "bounds, numbers": ("tilted", bounded),
    "missing level": ("missing", partial(raked, missing="level")),
    "missing drop": ("missing", partial(raked, missing="drop")),
    "nonresponse classes": ("response", partial(respondents, step=NonresponseClasses, by=CLASSES)),
    "nonresponse propensity": ("response", partial(respondents, step=NonresponsePropensity, by=CLASSES)),
    "unit nonresponse": ("response", lambda s: recipe(s.data, Units(by=CLASSES, unknown_by="sex"))),
    "unit nonresponse, propensity": ("response", lambda s: recipe(s.data, Units(covariates=CLASSES))),
    "unit nonresponse, groups": ("response", lambda s: recipe(s.data, Units(covariates=CLASSES, groups=4))),
    "unit nonresponse, then rake": ("response", lambda s: recipe(s.data, Units(by=CLASSES), Rake(MAIN))),
    "totals known with error": ("noise", with_error),
    "partitions": ("simple", partial(raked, margins=PARTS, by="area")),
    "two stages with fpc": ("clusters", clustered),
    "two stages with fpc, rake": ("clusters", lambda s: clustered(s).rake(MAIN)),
}
PRACTICE = {  # steps of published recipes
    "trim": ("trimmed", lambda s: recipe(s.data, Trim(TRIM[1], TRIM[0]))),
    "trim by strata, excess lost": ("trimmed", lambda s: recipe(s.data, Trim(1.6, by="block", redistribute=False))),
    "trim by quartiles": ("trimmed", lambda s: recipe(s.data, Trim(1.0, rule="iqr"))),
    "trim by Potter's rule": ("trimmed", lambda s: recipe(s.data, Trim(1.8, rule="potter"))),
    "rake, trim, rake, scale": (
        "trimmed",
        lambda s: recipe(s.data, Rake(MAIN), Trim(1.6), Rake(MAIN, name="again"), Scale(N)),
    ),
    "rake with caps on g and weights": ("simple", lambda s: recipe(s.data, Rake(MAIN, bounds=(0.2, 2), most=2.2))),
    "calibrate as a step": ("simple", lambda s: recipe(s.data, Calibrate(X_SEX, method="raking"), Rake({"age": AGE}))),
    "single frame, rake": ("frames", as_one_frame),
    "impute by hot deck, rake": ("missing", lambda s: imputed("hot_deck", s, by="age")),
    "impute in sequence, rake": ("missing", lambda s: imputed("sequential", s, by="age", predictors="x")),
    "impute by a model, rake": ("missing", lambda s: imputed("logistic", s, predictors=["age", "x"])),
    "impute by nearest means, rake": ("missing", matched),
}
NO_RAO_WU = {  # refused, or where a replicate may not meet the bounds
    "totals known with error", "bounds, margins", "bounds, numbers",
}  # fmt: skip
NO_JACKKNIFE = {
    "none, four times the sample",
    "totals known with error",
    "two stages with fpc",
    "two stages with fpc, rake",
}
BIASED = {  # what the margins leave of wrong initial weights, and trimming, are biases
    "rake, weights off", "rake, then multiplicity", "bounds, numbers", "shares, trimmed", "totals, trimmed",
    *(name for name in PRACTICE if "trim" in name or "caps" in name),
    *(name for name, (where, _) in RECIPES.items() if where == "far"),
}  # fmt: skip
SIZES = {"nothing": (), "N_A, N_B": ("A", "B"), "N_ab": ("ab",), "N_A, N_B, N_ab": ("A", "B", "ab")}
ESTIMATORS = {  # of two samples: the ladder of sizes that each takes
    "hartley": ("nothing",),
    "fuller_burmeister": ("nothing",),
    "composite": ("nothing",),
    "multiplicity": ("nothing",),
    "screening": ("nothing",),
    "single_frame": ("nothing",),
    "raking_ratio": ("N_A, N_B",),
    "pml": ("N_A, N_B", "N_A, N_B, N_ab"),
    "cal_sf": tuple(SIZES),
    "cal_df": tuple(SIZES),
}
