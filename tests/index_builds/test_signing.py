"""Signatures: what nobody signed, or somebody else did, or signed for another purpose, is refused by name.

Whoever attacks here controls the database and the objects, and has no key.
"""

import base64
import json
from datetime import timedelta

import numpy as np
import pytest
import sqlalchemy as sa
from index_house import MOVED_AT, SETTINGS, build, slim_catalogue

from index_builds.endorsement import endorse
from index_builds.errors import (
    MixAndMatchError,
    PointerFrozenError,
    PointerRolledBackError,
    SignatureInvalidError,
    SignatureMissingError,
    SigningKeyError,
    SnapshotDamagedError,
    UnknownKeyError,
    UntrustedError,
)
from index_builds.manifest import manifest_key, signature_key
from index_builds.pointer_trust import renew
from index_builds.promotion import promote, rollback
from index_builds.reading import open_promoted, open_snapshot
from index_builds.retention import collect_garbage
from index_builds.settings import SigningSettings
from index_builds.signing import (
    MANIFEST_ROLE,
    POINTER_ROLE,
    PublicKey,
    Signatures,
    Signing,
    SigningKey,
    TrustedKeys,
    detached,
    open_signing,
)
from index_builds.snapshots import Pointer, SnapshotStore
from index_builds.tables import pointers, snapshots
from storage.objects import digest_key, sha256_hex

KEY, OTHER = SigningKey.create(), SigningKey.create()


class Clock:
    """The present moment, moved by hand."""

    def __init__(self):
        self.now = MOVED_AT

    def __call__(self):
        return self.now

    def forward(self, **amount):
        self.now += timedelta(**amount)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def catalogue():
    return slim_catalogue(30)


def seen_by(store, clock, *, key=None, trusted=(), cache="cache"):
    """The same database and objects, seen by a deployment with keys of its own."""
    signing = Signing(
        load_key=None if key is None else lambda: key,
        trusted=TrustedKeys(one.public for one in trusted) if trusted else None,
        max_age=timedelta(hours=72),
        clock=clock,
    )
    return SnapshotStore(store.engine, store.objects, store.cache.parent / cache, signing)


@pytest.fixture
def builder(store, clock):
    return seen_by(store, clock, key=KEY, trusted=[KEY], cache="builder")


@pytest.fixture
def reader(store, clock):
    return seen_by(store, clock, trusted=[KEY], cache="reader")


def forward(store, manifest, moved_at=MOVED_AT):
    return promote(
        store,
        manifest.collection,
        manifest.snapshot_id,
        settings=SETTINGS.gate,
        actor="ana",
        moved_at=moved_at,
    )


def versions(store, catalogue, *counts, collection="house"):
    made = []
    for count in counts:
        made.append(build(store, catalogue.take(np.arange(count)), collection=collection))
        forward(store, made[-1])
    return made


def set_pointer(store, **values):
    with store.engine.begin() as connection:
        connection.execute(pointers.update().where(pointers.c.collection == "house").values(**values))


def pointer_row(store):
    with store.engine.begin() as connection:
        return dict(
            connection.execute(sa.select(pointers).where(pointers.c.collection == "house")).one()._mapping
        )


def set_digest(store, snapshot_id, data):
    with store.engine.begin() as connection:
        connection.execute(
            snapshots.update()
            .where(snapshots.c.collection == "house", snapshots.c.snapshot_id == snapshot_id)
            .values(manifest_digest=sha256_hex(data))
        )


def test_what_is_signed_is_read_by_whoever_trusts_the_key(either_store, clock, catalogue):
    builder = seen_by(either_store, clock, key=KEY, trusted=[KEY], cache="builder")
    reader = seen_by(either_store, clock, trusted=[KEY], cache="reader")
    assert open_promoted(reader, "house") is None

    first, second = versions(builder, catalogue, 30, 29)

    assert open_promoted(reader, "house").snapshot_id == second.snapshot_id
    assert open_snapshot(reader, "house", first.snapshot_id).snapshot_id == first.snapshot_id
    statement = json.loads(builder.pointer("house").statement)
    assert statement["payloadType"] == POINTER_ROLE
    assert json.loads(base64.b64decode(statement["payload"])) == {
        "format_version": 1,
        "collection": "house",
        "snapshot_id": second.snapshot_id,
        "manifest_digest": builder.entry("house", second.snapshot_id).manifest_digest,
        "pointer_version": 2,
        "signed_at": "2026-03-01T12:00:00Z",
        "expires_at": "2026-03-04T12:00:00Z",
    }


def test_without_keys_nothing_is_signed_and_nothing_is_demanded(store, clock, catalogue):
    assert open_signing(SigningSettings(), clock) is None
    (manifest,) = versions(store, catalogue, 30)
    assert not store.objects.exists(signature_key("house", manifest.snapshot_id))
    assert store.pointer("house").statement is None
    assert open_promoted(store, "house").snapshot_id == manifest.snapshot_id
    assert renew(store, "house", signed_at=MOVED_AT) == store.pointer("house")


def test_a_missing_signature_is_refused_where_one_is_demanded(builder, reader, catalogue):
    (manifest,) = versions(builder, catalogue, 30)
    builder.objects.delete(signature_key("house", manifest.snapshot_id))
    with pytest.raises(SignatureMissingError, match="is not signed"):
        open_promoted(reader, "house")


def test_a_signature_file_without_signatures_is_refused(builder, reader, catalogue):
    (manifest,) = versions(builder, catalogue, 30)
    key = signature_key("house", manifest.snapshot_id)
    for data in (b"", b"{}", b"[]", detached(MANIFEST_ROLE, [])):
        builder.objects.put(key, data)
        with pytest.raises((SignatureMissingError, UnknownKeyError)):
            open_promoted(reader, "house")


def test_a_pointer_without_a_statement_is_refused_where_one_is_demanded(builder, reader, catalogue):
    versions(builder, catalogue, 30)
    set_pointer(builder, statement=None)
    with pytest.raises(SignatureMissingError, match="carries no signed statement"):
        open_promoted(reader, "house")


def test_a_tampered_manifest_is_refused_although_the_database_was_changed_with_it(builder, reader, catalogue):
    (manifest,) = versions(builder, catalogue, 30)
    key = manifest_key("house", manifest.snapshot_id)
    forged = manifest.model_copy(update={"upstream": {"image_embeddings": "forged"}}).to_json()
    builder.objects.put(key, forged)
    with pytest.raises(SnapshotDamagedError, match="was changed after publication"):
        open_promoted(reader, "house")

    set_digest(builder, manifest.snapshot_id, forged)

    unsuspecting = SnapshotStore(builder.engine, builder.objects, builder.cache)
    assert unsuspecting.manifest("house", manifest.snapshot_id).upstream == {"image_embeddings": "forged"}
    with pytest.raises(SignatureInvalidError, match=f"is not what key {KEY.public.key_id[:12]} signed"):
        open_promoted(reader, "house")


def test_a_tampered_statement_is_refused(builder, reader, catalogue):
    versions(builder, catalogue, 30)
    envelope = json.loads(builder.pointer("house").statement)
    statement = json.loads(base64.b64decode(envelope["payload"]))
    for name, value in {"expires_at": "2036-01-01T00:00:00Z", "pointer_version": 7}.items():
        changed = base64.b64encode(json.dumps(statement | {name: value}).encode()).decode()
        set_pointer(builder, statement=json.dumps(envelope | {"payload": changed}))
        with pytest.raises(SignatureInvalidError, match="the pointer of house"):
            open_promoted(reader, "house")


def test_the_signature_of_an_unknown_key_is_refused(store, clock, reader, catalogue):
    stranger = seen_by(store, clock, key=OTHER, cache="stranger")
    (manifest,) = versions(stranger, catalogue, 30)
    with pytest.raises(UnknownKeyError, match=f"signed by {OTHER.public.key_id[:12]}"):
        open_promoted(reader, "house")
    with pytest.raises(UnknownKeyError, match="the manifest of house/"):
        open_snapshot(reader, "house", manifest.snapshot_id)


def test_an_unknown_key_that_calls_itself_a_trusted_one_is_refused(store, clock, reader, catalogue):
    stranger = seen_by(store, clock, key=OTHER, cache="stranger")
    (manifest,) = versions(stranger, catalogue, 30)
    signed = stranger.signatures("house", manifest.snapshot_id).signatures[0]
    stranger.sign("house", manifest.snapshot_id, [signed.model_copy(update={"keyid": KEY.public.key_id})])
    with pytest.raises(SignatureInvalidError):
        open_snapshot(reader, "house", manifest.snapshot_id)


def test_a_pointer_that_was_set_back_is_refused_by_who_saw_the_later_one(
    builder, reader, store, clock, catalogue
):
    first, second = versions(builder, catalogue, 30)[0], None
    old = pointer_row(builder)
    second = build(builder, catalogue.take(np.arange(29)))
    forward(builder, second)
    assert open_promoted(reader, "house").snapshot_id == second.snapshot_id

    set_pointer(builder, **old)  # a statement that a trusted key made, and that has not ended

    with pytest.raises(PointerRolledBackError, match="at version 1, and version 2 was seen here"):
        open_promoted(reader, "house")
    restarted = seen_by(store, clock, trusted=[KEY], cache="reader")
    with pytest.raises(PointerRolledBackError):
        open_promoted(restarted, "house")
    newcomer = seen_by(store, clock, trusted=[KEY], cache="newcomer")  # it has nothing to compare with
    assert open_promoted(newcomer, "house").snapshot_id == first.snapshot_id


def test_who_promotes_does_not_build_on_a_pointer_that_was_set_back(builder, catalogue):
    versions(builder, catalogue, 30)
    old = pointer_row(builder)
    versions(builder, catalogue, 29)
    third = build(builder, catalogue.take(np.arange(28)))
    set_pointer(builder, **old)
    with pytest.raises(PointerRolledBackError):
        forward(builder, third)
    assert builder.pointer("house").version == 1


def test_a_pointer_that_vanished_is_one_that_was_set_back(builder, reader, catalogue):
    versions(builder, catalogue, 30)
    open_promoted(reader, "house")
    with builder.engine.begin() as connection:
        connection.execute(pointers.delete())
    with pytest.raises(PointerRolledBackError, match="at version 0, and version 1 was seen"):
        open_promoted(reader, "house")


def test_an_operators_rollback_is_a_higher_version_and_is_followed(builder, reader, clock, catalogue):
    first, second = versions(builder, catalogue, 30, 29)
    assert open_promoted(reader, "house").snapshot_id == second.snapshot_id

    moved = rollback(builder, "house", actor="ben", moved_at=clock(), reason="odd results")

    assert moved == Pointer(snapshot_id=first.snapshot_id, version=3)
    assert open_promoted(reader, "house").snapshot_id == first.snapshot_id


def test_a_statement_that_has_ended_is_refused_until_it_is_renewed(builder, reader, clock, catalogue):
    (manifest,) = versions(builder, catalogue, 30)
    clock.forward(hours=71.9)
    assert open_promoted(reader, "house").snapshot_id == manifest.snapshot_id
    clock.forward(hours=0.2)
    with pytest.raises(PointerFrozenError, match=r"ended 2026-03-04T12:00:00Z: promotions may be withheld"):
        open_promoted(reader, "house")

    renewed = renew(builder, "house", signed_at=clock())

    assert renewed == Pointer(snapshot_id=manifest.snapshot_id, version=1)
    assert len(builder.history("house")) == 1
    assert open_promoted(reader, "house").snapshot_id == manifest.snapshot_id


def test_promoting_what_is_promoted_renews_its_statement(builder, reader, clock, catalogue):
    (manifest,) = versions(builder, catalogue, 30)
    clock.forward(days=9)
    assert forward(builder, manifest, moved_at=clock()).version == 1
    assert open_promoted(reader, "house").snapshot_id == manifest.snapshot_id


def test_a_promotion_moves_on_from_a_statement_that_has_ended(builder, reader, clock, catalogue):
    versions(builder, catalogue, 30)
    clock.forward(days=30)
    later = build(builder, catalogue.take(np.arange(29)))
    assert forward(builder, later, moved_at=clock()).version == 2
    assert open_promoted(reader, "house").snapshot_id == later.snapshot_id


def test_a_sound_manifest_of_another_collection_is_refused(builder, reader, catalogue):
    (here,) = versions(builder, catalogue, 30)
    (elsewhere,) = versions(builder, catalogue, 30, collection="annex")
    assert here.snapshot_id == elsewhere.snapshot_id  # the same content under the same number
    data = builder.objects.get(manifest_key("annex", elsewhere.snapshot_id))
    builder.objects.put(manifest_key("house", here.snapshot_id), data)
    builder.objects.put(
        signature_key("house", here.snapshot_id),
        builder.objects.get(signature_key("annex", elsewhere.snapshot_id)),
    )
    set_digest(builder, here.snapshot_id, data)

    with pytest.raises(MixAndMatchError, match=f"is the manifest of annex/{elsewhere.snapshot_id}"):
        open_promoted(reader, "house")


def test_a_sound_manifest_of_another_snapshot_is_refused(builder, reader, catalogue):
    first, second = versions(builder, catalogue, 30, 29)
    data = builder.objects.get(manifest_key("house", first.snapshot_id))
    builder.objects.put(manifest_key("house", second.snapshot_id), data)
    builder.objects.put(
        signature_key("house", second.snapshot_id),
        builder.objects.get(signature_key("house", first.snapshot_id)),
    )
    set_digest(builder, second.snapshot_id, data)
    with pytest.raises(MixAndMatchError, match=f"is the manifest of house/{first.snapshot_id}"):
        open_promoted(reader, "house")


def test_a_sound_manifest_of_the_same_name_that_the_statement_does_not_name_is_refused(
    builder, reader, catalogue
):
    (manifest,) = versions(builder, catalogue, 30)
    twin = manifest.model_copy(update={"run_id": "run-2"}).to_json()
    builder.objects.put(manifest_key("house", manifest.snapshot_id), twin)
    builder.sign("house", manifest.snapshot_id, [KEY.sign(MANIFEST_ROLE, twin)])
    set_digest(builder, manifest.snapshot_id, twin)
    assert open_snapshot(reader, "house", manifest.snapshot_id).snapshot_id == manifest.snapshot_id
    with pytest.raises(MixAndMatchError, match="the pointer's statement says"):
        open_promoted(reader, "house")


def test_a_pointer_row_that_names_another_snapshot_than_its_statement_is_refused(builder, reader, catalogue):
    first, _ = versions(builder, catalogue, 30, 29)
    set_pointer(builder, snapshot_id=first.snapshot_id)
    with pytest.raises(MixAndMatchError, match="its statement is of version 2 of house"):
        open_promoted(reader, "house")


def test_a_higher_version_under_an_old_statement_is_refused(builder, reader, catalogue):
    versions(builder, catalogue, 30)
    set_pointer(builder, version=9)
    with pytest.raises(MixAndMatchError, match="at version 9 on"):
        open_promoted(reader, "house")


def test_the_statement_of_another_collection_is_refused(builder, reader, catalogue):
    versions(builder, catalogue, 30)
    versions(builder, catalogue, 30, collection="annex")
    set_pointer(builder, statement=builder.pointer("annex").statement)
    with pytest.raises(MixAndMatchError, match="its statement is of version 1 of annex"):
        open_promoted(reader, "house")


def test_two_statements_of_one_version_are_refused_by_who_saw_the_first(
    builder, reader, store, clock, catalogue
):
    first, _ = versions(builder, catalogue, 30, 29)
    open_promoted(reader, "house")
    twin = seen_by(store, clock, key=KEY, cache="twin")  # the key itself, used on a copy of the database
    with store.engine.begin() as connection:
        connection.execute(pointers.update().values(version=1, snapshot_id=first.snapshot_id, statement=None))
        connection.execute(sa.text("DELETE FROM promotions WHERE pointer_version = 2"))
    forward(twin, build(twin, catalogue.take(np.arange(28))))
    with pytest.raises(MixAndMatchError, match="two things were signed as one"):
        open_promoted(reader, "house")


def test_files_of_another_snapshot_under_a_sound_manifest_are_refused(builder, reader, catalogue):
    first, second = versions(builder, catalogue, 30, 29)
    wanted, foreign = (one.content.tiers["hot"]["visual"].digest for one in (second, first))
    builder.objects.put(
        digest_key("index-files", wanted), builder.objects.get(digest_key("index-files", foreign))
    )
    with pytest.raises(SnapshotDamagedError, match=r"has digest|is damaged"):
        open_promoted(reader, "house")


def test_a_signature_in_one_role_is_none_in_another():
    document = b'{"a":1}'
    trusted = TrustedKeys([KEY.public])
    signed = Signatures(payloadType=MANIFEST_ROLE, signatures=(KEY.sign(MANIFEST_ROLE, document),))
    trusted.verify(MANIFEST_ROLE, document, signed, "it")
    with pytest.raises(SignatureInvalidError):
        trusted.verify(POINTER_ROLE, document, signed, "it")


def test_what_is_signed_is_dsses_encoding():
    # The test vector of the protocol's own page: PAE("http://example.com/HelloWorld", "hello world").
    signature = base64.b64decode(KEY.sign("http://example.com/HelloWorld", b"hello world").sig)
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    public = Ed25519PublicKey.from_public_bytes(KEY.public.raw)
    public.verify(signature, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world")


def test_renewing_signs_nothing_that_no_trusted_key_has_said(builder, catalogue):
    first, _ = versions(builder, catalogue, 30, 29)
    set_pointer(builder, snapshot_id=first.snapshot_id)
    for act in (
        lambda: renew(builder, "house", signed_at=MOVED_AT),
        lambda: forward(builder, first),
        lambda: rollback(builder, "house", actor="ben", moved_at=MOVED_AT, reason="odd"),
        lambda: endorse(builder, "house", signed_at=MOVED_AT),
    ):
        with pytest.raises(MixAndMatchError):
            act()


def test_a_key_is_changed_without_a_moment_at_which_readers_refuse(store, clock, catalogue):
    old_builder = seen_by(store, clock, key=KEY, trusted=[KEY, OTHER], cache="builder")
    new_builder = seen_by(store, clock, key=OTHER, trusted=[KEY, OTHER], cache="builder")
    both = seen_by(store, clock, trusted=[KEY, OTHER], cache="reader")
    last = seen_by(store, clock, trusted=[OTHER], cache="last")
    first, second = versions(old_builder, catalogue, 30, 29)
    assert open_promoted(both, "house").snapshot_id == second.snapshot_id
    with pytest.raises(UnknownKeyError):
        open_promoted(last, "house")

    signed = endorse(new_builder, "house", signed_at=clock())

    assert set(signed) == {first.snapshot_id, second.snapshot_id}
    assert open_promoted(both, "house").snapshot_id == second.snapshot_id
    assert open_promoted(last, "house").snapshot_id == second.snapshot_id
    keyids = [one.keyid for one in store.signatures("house", first.snapshot_id).signatures]
    assert keyids == [KEY.public.key_id, OTHER.public.key_id]
    assert endorse(new_builder, "house", signed_at=clock()) == []


def test_what_stood_before_signatures_is_adopted_by_name_only(store, clock, builder, reader, catalogue):
    (manifest,) = versions(store, catalogue, 30)
    for act in (
        lambda: open_promoted(reader, "house"),
        lambda: renew(builder, "house", signed_at=clock()),
        lambda: endorse(builder, "house", signed_at=clock()),
    ):
        with pytest.raises(SignatureMissingError, match="--adopt"):
            act()
    assert endorse(builder, "house", signed_at=clock(), adopt=True) == [manifest.snapshot_id]
    assert open_promoted(reader, "house").snapshot_id == manifest.snapshot_id


def test_signing_can_begin_before_anybody_demands_it(store, clock, reader, catalogue):
    signing_only = seen_by(store, clock, key=KEY, cache="builder")
    versions(store, catalogue, 30)
    (second,) = versions(signing_only, catalogue, 29)
    assert open_promoted(store, "house").snapshot_id == second.snapshot_id
    assert open_promoted(reader, "house").snapshot_id == second.snapshot_id


def test_who_only_reads_can_neither_publish_nor_promote(builder, reader, catalogue):
    manifest = build(builder, catalogue)
    with pytest.raises(SigningKeyError, match="no private key is"):
        forward(reader, manifest)
    with pytest.raises(SigningKeyError, match="no private key is"):
        build(reader, catalogue.take(np.arange(20)))
    assert builder.promoted("house") is None
    assert len(builder.list("house")) == 1


def test_garbage_collection_takes_signatures_with_their_manifests_and_asks_for_none(
    store, builder, catalogue
):
    unsigned = build(store, catalogue)
    old, new = (build(builder, catalogue.take(np.arange(count))) for count in (29, 28))

    report = collect_garbage(builder, keep_last=1, grace=0)

    assert report.kept_snapshots == (f"house/{new.snapshot_id}",)
    assert signature_key("house", old.snapshot_id) in report.removed_objects
    assert not store.objects.exists(manifest_key("house", unsigned.snapshot_id))
    assert builder.manifest("house", new.snapshot_id) == new


def test_what_was_seen_and_cannot_be_read_is_no_leave_to_forget(builder, reader, catalogue):
    versions(builder, catalogue, 30)
    open_promoted(reader, "house")
    (reader.cache / "pointers" / "house.json").write_text("[1")
    with pytest.raises(UntrustedError, match="which pointers were seen is not known"):
        open_promoted(reader, "house")


def test_a_key_file_is_its_owners_alone_and_never_written_over(tmp_path):
    path = tmp_path / "signing.pem"
    KEY.write(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert SigningKey.from_file(path).public == KEY.public
    with pytest.raises(SigningKeyError, match="exists"):
        OTHER.write(path)
    path.chmod(0o640)
    with pytest.raises(SigningKeyError, match="chmod 600"):
        SigningKey.from_file(path)


@pytest.mark.parametrize(
    "content", [b"", b"secret-text", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_what_is_no_key_is_named_and_not_repeated(tmp_path, content):
    path = tmp_path / "signing.pem"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(SigningKeyError, match=r"signing\.pem is no unencrypted Ed25519") as refused:
        SigningKey.from_file(path)
    assert "secret-text" not in str(refused.value)


@pytest.mark.parametrize(
    "text", ["", "ed25519:", "ed25519:AAAA", "rsa:" + "A" * 43 + "=", "ed25519:" + "!" * 44]
)
def test_a_public_key_that_is_none_is_refused(text):
    with pytest.raises(SigningKeyError, match="is no public key"):
        PublicKey.parse(text)


def test_a_key_that_its_own_deployment_does_not_trust_signs_nothing(tmp_path, clock, store, catalogue):
    KEY.write(tmp_path / "signing.pem")
    settings = SigningSettings(
        private_key_file=str(tmp_path / "signing.pem"), trusted_keys=(str(OTHER.public),)
    )
    torn = SnapshotStore(store.engine, store.objects, store.cache, open_signing(settings, clock))
    with pytest.raises(SigningKeyError, match=r"none of signing\.trusted_keys"):
        build(torn, catalogue)
    assert store.list("house") == []


def test_reading_needs_no_private_key(tmp_path, clock, builder, catalogue):
    (manifest,) = versions(builder, catalogue, 30)
    settings = SigningSettings(
        private_key_file=str(tmp_path / "not-on-this-machine.pem"), trusted_keys=(str(KEY.public),)
    )
    reader = SnapshotStore(builder.engine, builder.objects, tmp_path / "r", open_signing(settings, clock))
    assert open_promoted(reader, "house").snapshot_id == manifest.snapshot_id
