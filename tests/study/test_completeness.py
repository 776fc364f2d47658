"""What a ledger lacks, and when too much of it failed."""

from types import SimpleNamespace

import numpy as np
import pytest

from surveysim import StudyError
from surveysim.study.completeness import Budget, missing
from surveysim.study.ledger import MemoryLedger
from surveysim.study.parts import FIELDS, Block


def block(repetitions, failures=()):
    values = np.zeros((len(repetitions), 1, 1, len(FIELDS)))
    return Block(np.array(repetitions, np.int64), values, tuple(failures))


def test_missing__are_the_repetitions_of_every_part_that_are_not_there():
    ledger = MemoryLedger()
    ledger.write("a", 0, block([0, 1, 3]))
    found = [(k, first, lacking.tolist()) for k, first, lacking in missing(ledger, ["a", "b", "a"], 6, 4)]
    assert found == [(0, 0, [2]), (0, 4, [4, 5]), (1, 0, [0, 1, 2, 3]), (1, 4, [4, 5])]


def test_budget__allows_a_share_and_counts_repetitions_once():
    part = SimpleNamespace(failures=0.02)
    study = SimpleNamespace(
        spec=SimpleNamespace(study=part), scenarios=["base"], methods=[SimpleNamespace(name="mine")]
    )
    check = Budget(study, ["a"], 100)
    check(0, block([0], [(0, -1, "first"), (0, 0, "again")]))
    check(0, block([1], [(1, 0, "second")]))
    with pytest.raises(StudyError, match=r"3 repetitions failed, more than study.failures = 0.02 of 100 allows"):
        check(0, block([2], [(2, 0, "third")]))
