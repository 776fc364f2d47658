"""Every number given out is one owner's and every owner's slot is one number, over a whole frame; fills against dealing one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from naive import numbers as naive
from surveysim import Population, TelephoneFrame
from surveysim.frame import fill
from surveysim.kernels import numbers as kernels


@pytest.mark.parametrize("kind", ["mobile", "landline"])
def test_whole_frame__is_a_bijection_of_slots_and_listed_numbers(kind):
    pop = Population.china(seed=2, scale=0.0005)
    n = TelephoneFrame(pop, kind).numbers
    prefixes = [(int(kernels.given_by(p)), int(run)) for p, run in zip(n.prefix, n.run, strict=True)]
    listed = np.array(naive.given_out(prefixes, n.prefix_start.tolist()))
    owners = np.arange(n.owner_start[-1])
    out = np.empty((len(owners), 3, 2), np.int64)
    kernels.numbers_of_owners(n, owners, out)
    row, layer = np.nonzero(out[:, :, 0] >= 0)
    theirs = out[row, layer]
    order, wanted = np.lexsort((theirs[:, 1], theirs[:, 0])), np.lexsort((listed[:, 1], listed[:, 0]))
    np.testing.assert_array_equal(theirs[order], listed[wanted])
    back = np.empty((len(theirs), 2), np.int64)
    kernels.owners(n, theirs[:, 0].copy(), theirs[:, 1].copy(), back)
    np.testing.assert_array_equal(back, np.column_stack([owners[row], layer]))


@given(st.lists(st.floats(0.05, 5), min_size=1, max_size=6), st.floats(0, 1), st.floats(0, 0.5))
def test_fill__is_that_of_dealing_numbers_one_by_one(weights, share, business):
    """Where nothing has to give way by more than a number, as largest remainders and dealing differ by one each."""
    counts, slots = np.array([len(weights)]), int(share * 0.6 * len(weights) * 100) * 100
    found = fill.given_out(np.array([slots]), counts, np.array(weights), np.array([business]))
    most = max(int(fill.SUFFIXES / (1 + business)), -(-slots // len(weights)))
    step = 100  # dealt a hundred at a time, or it takes for ever
    dealt = np.array(naive.shared_out(weights, most // step, slots // step)) * step
    np.testing.assert_allclose(found, dealt, atol=2 * step)
