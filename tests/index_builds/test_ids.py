"""Sets of image keys."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from index_builds.ids import distinct_of_sorted, held_in


@given(st.lists(st.integers(0, 2**63 - 1)))
def test_a_sorted_array_is_its_set(keys):
    found = distinct_of_sorted(np.sort(np.array(keys, dtype=np.int64)))

    assert found.tolist() == sorted(set(keys))


@given(st.lists(st.integers(-(2**63), 2**63 - 1)), st.lists(st.integers(-(2**63), 2**63 - 1)), st.booleans())
def test_keys_are_told_from_those_that_a_sorted_array_does_not_hold(keys, held, shared):
    held = held + keys[::2] if shared else held
    found = held_in(np.array(keys, dtype=np.int64), np.sort(np.array(held, dtype=np.int64)))

    assert found.tolist() == [key in set(held) for key in keys]
