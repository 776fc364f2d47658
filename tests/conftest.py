"""What tests share: one small population, its frames, one small survey."""

import os
import tempfile

import everyday
import pytest

os.environ.setdefault("SURVEYSIM_CACHE", tempfile.mkdtemp(prefix="surveysim-test-"))


@pytest.fixture(scope="session")
def pop():
    from surveysim import Population

    return Population.china(seed=5, scale=0.01)


@pytest.fixture(scope="session")
def landline(pop):
    from surveysim import TelephoneFrame

    return TelephoneFrame(pop, "landline")


@pytest.fixture(scope="session")
def mobile(pop):
    from surveysim import TelephoneFrame

    return TelephoneFrame(pop, "mobile")


@pytest.fixture(scope="session")
def spec():
    from surveysim import SurveySpec

    return SurveySpec.preset("cnnic-2024-12", population={"scale": 0.01}, sample={"minimum_per_unit": 2})


@pytest.fixture(scope="session")
def result(spec):
    return spec.run(seed=7)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Before `-m "not long"` is looked at."""
    everyday.mark(items, pytest.mark.long)
