"""Sets of image keys."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from index_builds.ids import distinct_of_sorted


@given(st.lists(st.integers(0, 2**63 - 1)))
def test_a_sorted_array_is_its_set(keys):
    found = distinct_of_sorted(np.sort(np.array(keys, dtype=np.int64)))

    assert found.tolist() == sorted(set(keys))
