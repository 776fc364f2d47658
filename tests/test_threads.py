"""Threads: results in order whoever is done first, errors as they are, nothing begun after one."""

import threading
import time

import numpy as np
import pytest

from surveysim import threads


def test_each__gives_results_in_the_order_of_the_items():
    def work(item):
        time.sleep(0.002 * (5 - item))
        return item**2

    assert list(threads.each(work, range(5), 5)) == [0, 1, 4, 9, 16]


def test_each__an_error_is_raised_and_what_waits_is_not_begun():
    begun, go_on = [], threading.Event()

    def work(item):
        begun.append(item)
        if item == 0:
            raise ValueError("zero")
        go_on.wait(0.05)

    with pytest.raises(ValueError, match="zero"):
        list(threads.each(work, range(200), 2))
    assert len(begun) < 200


@pytest.mark.parametrize("blocks", [0, 1, 3, 4, 7, 50])
def test_by_threads__every_block_is_in_one_share_and_shares_are_in_order(blocks):
    shares = threads.by_threads(lambda first, last: list(range(first, last)), blocks)
    assert np.concatenate(shares).tolist() == list(range(blocks))
