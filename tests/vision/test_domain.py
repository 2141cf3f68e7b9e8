"""The head that tells jewelry by a vector: its file, whose it is, what it says."""

import numpy as np
import pytest

from storage.objects import LocalObjectStore
from vision.domain import DomainHead, domain_key, head_file, head_of, read_head
from vision.encoders import SHIPPED, EncoderSettings
from vision.errors import EncoderError


@pytest.fixture
def head():
    """A head that likes vectors that point along the first of four axes."""
    hidden = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]], dtype=np.float32)
    return DomainHead(
        encoder_id="e" * 32,
        hidden=hidden,
        hidden_bias=np.zeros(2, dtype=np.float32),
        out=np.array([2.0, -3.0], dtype=np.float32),
        out_bias=0.5,
        bound=-0.25,
    )


def test_a_score_is_the_networks_logit(head):
    scores = head.scores(np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, -1, 0, 0]], dtype=np.float32))

    np.testing.assert_allclose(scores, [2.5, -2.5, 0.5])


def test_a_head_read_from_its_file_is_the_same(head):
    again = read_head(head_file(head), "file", "e" * 32)

    assert (again.bound, again.domain_id) == (-0.25, head.domain_id)
    np.testing.assert_array_equal(again.hidden, head.hidden)


def test_a_head_from_the_store_serves_its_encoder_and_an_encoder_without_one_has_none(head, tmp_path):
    objects = LocalObjectStore(tmp_path)
    objects.put(domain_key("e" * 32), head_file(head))

    assert head_of("e" * 32, objects).domain_id == head.domain_id
    assert head_of("f" * 32, objects) is None


def test_a_head_of_another_encoder_and_a_damaged_file_are_refused_by_name(head, tmp_path):
    objects = LocalObjectStore(tmp_path)
    objects.put(domain_key("f" * 32), head_file(head))
    objects.put(domain_key("e" * 32), head_file(head)[:-5])

    with pytest.raises(EncoderError, match=f"fitted for encoder {'e' * 32}: fit one for {'f' * 32}"):
        head_of("f" * 32, objects)
    with pytest.raises(EncoderError, match=f"{domain_key('e' * 32)} is no head"):
        head_of("e" * 32, objects)


def test_the_shipped_encoder_has_a_head(tmp_path):
    from vision.open_clip_encoder import load_encoder

    encoder = load_encoder(EncoderSettings(model=next(iter(SHIPPED))))

    head = head_of(encoder.encoder_id)

    assert head is not None
    assert head.hidden.shape[0] == encoder.dimension
