from hypothesis import given
from hypothesis import strategies as st

from catalog import seen_ids
from catalog.seen_ids import SeenIds


@given(st.lists(st.text(max_size=6)))
def test_an_id_is_new_once(ids):
    seen, expected = SeenIds(), set()

    for one in ids:
        assert seen.add(one) == (one not in expected)
        expected.add(one)


def test_ids_are_remembered_beyond_the_ones_that_wait(monkeypatch):
    monkeypatch.setattr(seen_ids, "_PENDING", 16)
    seen = SeenIds()

    assert all(seen.add(f"ring-{number}") for number in range(1000))
    assert not any(seen.add(f"ring-{number}") for number in range(1000))
