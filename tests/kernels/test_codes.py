"""Codes of domains, units and strata."""

import numpy as np

from surveysim.kernels import codes as kernels


def test_join_and_renumber():
    group, codes = np.array([0, 1, -1, 1, 0, 1], np.int32), np.array([2, 0, 1, -1, 0, 2])
    out, used = np.empty(6, np.int32), np.zeros(6, bool)
    kernels.join(group, codes, np.array([1, 0, 2]), 3, out, used)
    assert out.tolist() == [2, 4, -1, -1, 1, 5]
    assert used.tolist() == [False, True, True, False, True, True]
    kept = np.empty(6, np.int32)
    kernels.renumber(out, np.array([9, 0, 1, 9, 2, 3], np.int32), kept)
    assert kept.tolist() == [1, 2, -1, -1, 0, 3]


def test_own_stratum():
    owner = np.full(3, -1)
    assert kernels.own_stratum(np.array([0, 1, 0, 2, 1]), np.array([3, 0, 3, 1, 0]), owner) == 0
    assert owner.tolist() == [3, 0, 1]
    owner[:] = -1
    assert kernels.own_stratum(np.array([0, 1, 0, 2, 1]), np.array([3, 0, 2, 1, 1]), owner) == 2
    assert owner.tolist() == [3, 0, 1]  # that of the first row


def test_whole_numbers_and_used_codes():
    codes, used = np.empty(4, np.int32), np.zeros(5, bool)
    kernels.whole_numbers(np.array([7, 3, 7, 4]), 3, codes, used)
    assert codes.tolist() == [4, 0, 4, 1]
    assert used.tolist() == [True, True, False, False, True]
    used = np.zeros(4, bool)
    assert kernels.used_codes(np.array([2, -1, 0, -1, 2]), used) == 2
    assert used.tolist() == [True, False, True, False]
