"""Standard errors of a simple random sample, against samples that are drawn."""

import numpy as np
import pytest

import surveysim as ss
from surveysim import audit


@pytest.mark.statistical
def test_errors__simple_random_samples_have_these_errors():
    """2,000 samples of 1,000 of the covered people of a small population: their spread is the formula's, within 4 Monte Carlo errors."""
    names = ["internet_penetration", "app_ride_hailing_size", "app_ride_hailing_rate", "internet_penetration_60plus"]
    names += ["non_netizens_rural_share", "non_netizens_size", "weekly_hours_online", "genai_purpose_office"]
    spec = ss.SurveySpec.preset("cnnic-2024-12", population={"scale": 0.0005}, estimation={"indicators": names})
    pop = ss.Population.china(**spec.population.model_dump())
    columns = [
        "age",
        "urban",
        "n_mobile",
        "n_lines",
        "internet",
        "app_ride_hailing",
        "weekly_hours",
        "genai_user",
        "genai_purpose_office",
    ]
    people = pop.persons(np.arange(pop.size), columns)
    total = {"all": len(people), "rural": (people["urban"] == "rural").sum(), "old": (people["age"] >= 60).sum()}
    people = people[(people["age"] >= 6) & ((people["n_mobile"] > 0) | (people["n_lines"] > 0))].fillna(
        {"weekly_hours": 0}
    )
    y = {
        c: people[c].to_numpy(dtype=float)
        for c in ("internet", "app_ride_hailing", "weekly_hours", "genai_user", "genai_purpose_office")
    }
    rural, old = (people["urban"] == "rural").to_numpy(), (people["age"] >= 60).to_numpy()
    rng, n, found = np.random.default_rng(4), 1000, []
    for _ in range(2000):
        s = rng.integers(0, len(people), n)
        w = len(people) / n
        users, mine = w * y["internet"][s].sum(), w * (y["internet"] * rural)[s].sum()
        found.append(
            [
                100 * users / total["all"],
                w * y["app_ride_hailing"][s].sum() / pop.scale / 1e4,
                100 * y["app_ride_hailing"][s].sum() / y["internet"][s].sum(),
                100 * w * (y["internet"] * old)[s].sum() / total["old"],
                100 * (total["rural"] - mine) / (total["all"] - users),
                (total["all"] - users) / pop.scale / 1e4,
                y["weekly_hours"][s].sum() / y["internet"][s].sum(),
                100 * y["genai_purpose_office"][s].sum() / y["genai_user"][s].sum(),
            ]
        )
    table = audit.standard_errors(spec, n).loc[names]
    found = np.array(found)
    np.testing.assert_allclose(
        found.mean(axis=0), table["value"], atol=4 * found.std(axis=0).max() / np.sqrt(2000) + 0.2, rtol=2e-3
    )
    np.testing.assert_allclose(found.std(axis=0, ddof=1) / table["se"], 1, atol=4 / np.sqrt(2 * 2000) + 0.01)
