"""What a change of encoder refuses, and what it leaves safe, before anything is built or moved."""

from datetime import UTC, datetime
from types import SimpleNamespace

import dagster as dg
import pytest

from assets import embeddings, reembedding
from assets.encoder_in_force import switched_encoder
from index_builds import promotion
from index_builds.errors import PromotionConflictError
from vision.encoders import EncoderSettings
from vision.errors import EncoderError

MOMENT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Known:
    """Encoders that are nothing but an id."""

    def __init__(self, encoder_id, checkpoint="/old/weights.safetensors", **others):
        self.settings = EncoderSettings(model="tiny.json", checkpoint=checkpoint)
        self.encoder = SimpleNamespace(encoder_id=encoder_id, dimension=8)
        self.others = others

    def known_id(self):
        return None

    def load(self):
        return self.encoder

    def of(self, encoder_id):
        found = self.others.get(encoder_id, self.encoder)
        if isinstance(found, Exception):
            raise found
        return found


def judge(configured, other):
    house = SimpleNamespace(encoders=configured, index=SimpleNamespace(gate=None), catalogue=None)
    return reembedding.judge_beside(
        house, other, "shop", "frame", run_id=None, published_at=MOMENT, tell=lambda *_: None
    )


def test_two_encoders_that_go_by_one_name_are_refused_before_anything_is_built():
    with pytest.raises(EncoderError, match=r"/new/weights.*/old/weights.*rename one file or folder"):
        judge(Known("a"), Known("b", "/new/weights.safetensors"))


@pytest.mark.parametrize(
    "other",
    [Known("a", "/new/weights.safetensors"), Known("b", "/new/others.safetensors"), Known("b")],
    ids=["a copy elsewhere", "another name", "the files have changed"],
)
def test_encoders_that_can_be_told_apart_or_are_the_same_are_not_refused(monkeypatch, other):
    def build(*_, **__):
        raise NotImplementedError

    monkeypatch.setattr(reembedding, "query_phrases", build)
    configured = Known("a")
    gate = SimpleNamespace(queries_per_family=1, seed=1)
    house = SimpleNamespace(encoders=configured, index=SimpleNamespace(gate=gate), catalogue=None)

    with pytest.raises(NotImplementedError):
        reembedding.judge_beside(
            house, other, "shop", "frame", run_id=None, published_at=MOMENT, tell=lambda *_: None
        )


def test_the_snapshot_that_a_switch_leaves_is_pinned_before_the_pointer_moves(monkeypatch):
    pinned = []

    def killed(*_, **__):
        assert pinned == [("shop", "v1")]
        raise PromotionConflictError

    monkeypatch.setattr(promotion, "promote", killed)
    snapshots = SimpleNamespace(
        manifest=lambda *_: None, promoted=lambda _: "v1", pin=lambda *named: pinned.append(named)
    )
    house = SimpleNamespace(snapshots=snapshots, index=SimpleNamespace(gate=None))
    judged = reembedding.Judged(
        collection="shop", snapshot_id="v2", beside="v1", label="b", beside_label="a", gate_failures=(),
        relevance=(), not_compared="nothing to compare",
    )  # fmt: skip

    with pytest.raises(PromotionConflictError):
        reembedding.switch(house, judged, actor="a test", moved_at=None, even_if_worse=False)
    assert pinned == [("shop", "v1")]


def test_a_switched_encoder_without_a_record_is_never_replaced_by_the_configured_one():
    with pytest.raises(EncoderError, match=r"shop was switched to encoder b.*encoders/b\.json.*missing"):
        switched_encoder(Known("a"), "b", ["shop"])


def test_one_encoder_that_cannot_be_loaded_does_not_keep_the_other_collections_waiting(monkeypatch):
    embedded = []
    loader = Known("a", c=EncoderError("weights.safetensors is gone"))
    monkeypatch.setattr(
        embeddings, "collections_by_encoder", lambda *_: {"b": ["shop"], "c": ["archive"], None: ["fair"]}
    )
    monkeypatch.setattr(embeddings, "accepted_images", lambda _, name: [(1, name)])
    monkeypatch.setattr(embeddings, "record_encoder", lambda *_: None)
    monkeypatch.setattr(embeddings, "score_domains", lambda *_: 0)

    def embed(_objects, encoder, pictures, *_):
        embedded.append((encoder.encoder_id, pictures))
        return []

    monkeypatch.setattr(embeddings, "embed_pictures", embed)

    with pytest.raises(dg.Failure) as failure:
        embeddings.image_embeddings.op.compute_fn.decorated_fn(
            SimpleNamespace(partition_keys=["0"]),
            catalogue=None,
            objects=None,
            snapshots=None,
            feeds=SimpleNamespace(collections={}),
            encoder=loader,
            bounds=None,
        )

    assert embedded == [("a", {(1, "fair")})]
    assert "encoders/b.json" in failure.value.description
    assert "archive: weights.safetensors is gone" in failure.value.description
    assert not failure.value.allow_retries
