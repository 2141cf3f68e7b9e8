"""Pictures by signed addresses: of S3, of CloudFront, and only as long as they may be shown."""

import base64
import dataclasses
import json
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from buckets import a_bucket
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from fastapi.testclient import TestClient
from pydantic import ValidationError
from served_house import NO_KEYS, standing

from catalog.tables import image_references
from orchestration.served import served_house
from serving.app import create_app
from serving.errors import NotServableError
from serving.settings import AccessSettings, DeliverySettings
from serving.signed_urls import SignedUrls, signed_urls
from storage.objects import LocalObjectStore


@pytest.fixture
def bucket():
    with a_bucket("pictures") as bucket:
        yield bucket.store


@pytest.fixture
def signing(flow, bucket):
    """The house that ran, its renditions in a bucket, delivered by signed addresses."""
    house = served_house(flow.settings)
    for key in house.objects.keys("renditions/"):
        bucket.put(key, house.objects.get(key))
    settings = flow.settings.serving.model_copy(
        update={
            "access": AccessSettings.model_validate(NO_KEYS),
            "delivery": DeliverySettings(mode="signed", seconds=600),
        }
    )
    house = dataclasses.replace(house, objects=bucket, settings=settings)
    with TestClient(create_app(house, settings), follow_redirects=False) as client:
        yield client


def picture_of(client):
    piece = client.get("/v1/recent").json()["hits"][0]["piece"]["piece_id"]
    return client.get(f"/v1/pieces/{piece}").json()["pictures"][0]


def test_a_picture_is_fetched_from_the_bucket_while_it_may_be_shown(signing, flow):
    picture = picture_of(signing)
    url = picture["renditions"]["512"]["url"]
    answer = signing.get(url)
    address = answer.headers["location"]
    fetched = httpx.get(address)
    asked = parse_qs(urlsplit(address).query)
    own = image_references.c.image_id == picture["image_id"]
    engine = signing.app.state.house.engine

    assert answer.status_code == 307
    assert "private" in answer.headers["cache-control"]
    assert int(answer.headers["cache-control"].rsplit("=")[-1]) < 600 / 2
    key = urlsplit(address).path.removeprefix("/pictures/loupe/")
    assert fetched.content == served_house(flow.settings).objects.get(key)
    assert fetched.headers["content-type"] == "image/webp"
    assert asked["X-Amz-Expires"] == ["600"]
    assert asked["X-Amz-Signature"]
    assert signing.get(url).headers["location"] == address  # the same one, for caches
    assert signing.head(url).status_code == 200

    with engine.begin() as connection:
        connection.execute(image_references.update().where(own).values(live=False))
    try:
        assert signing.get(url).status_code == 404
    finally:
        with engine.begin() as connection:
            connection.execute(image_references.update().where(own).values(live=True))


def test_the_page_may_show_pictures_of_the_bucket_and_nothing_else(signing, real, bucket):
    policy = signing.get("/").headers["content-security-policy"]
    assert f"img-src {bucket.client.meta.endpoint_url} 'self' data:" in policy
    assert "img-src 'self' data:" in real.get("/").headers["content-security-policy"]


def test_an_address_is_signed_anew_before_it_ends():
    signed = []

    def sign(key):
        signed.append(key)
        return f"https://bucket.example/{key}?number={len(signed)}"

    now = [0.0]
    urls = SignedUrls(sign, seconds=600)
    urls._known._clock = lambda: now[0]
    first = urls.url("a")
    now[0] = 300.0
    assert urls.url("a") == first
    now[0] = 300.5
    assert urls.url("a") != first
    assert urls.origin == "https://bucket.example"


@pytest.fixture
def key():
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


def written(path, key):
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return str(path)


def test_cloudfront_takes_what_is_signed_for_it(tmp_path, key):
    settings = DeliverySettings(
        mode="signed",
        cdn_url="https://cdn.example/loupe/",
        cdn_key_id="K1",
        cdn_private_key_file=written(tmp_path / "key.pem", key),
    )
    urls = signed_urls(settings, LocalObjectStore(tmp_path))
    address = urls.url("renditions/ab/one.webp")
    asked = parse_qs(urlsplit(address).query)
    resource = address.split("?")[0]
    policy = json.dumps(
        {
            "Statement": [
                {
                    "Resource": resource,
                    "Condition": {"DateLessThan": {"AWS:EpochTime": int(asked["Expires"][0])}},
                }
            ]
        },
        separators=(",", ":"),
    )
    signature = base64.b64decode(asked["Signature"][0].translate(str.maketrans("-_~", "+=/")))

    assert resource == "https://cdn.example/loupe/renditions/ab/one.webp"
    assert asked["Key-Pair-Id"] == ["K1"]
    key.public_key().verify(signature, policy.encode(), padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - theirs
    assert urls.origin == "https://cdn.example"


def test_what_cannot_be_signed_is_said_at_the_start(tmp_path):
    with pytest.raises(NotServableError, match="keep them in S3"):
        standing(tmp_path, promoted=False, delivery={"mode": "signed"})
    cdn = {"mode": "signed", "cdn_url": "https://cdn.example", "cdn_key_id": "K1"}
    with pytest.raises(ValidationError, match="go together"):
        DeliverySettings.model_validate(cdn)
    other = written(tmp_path / "other.pem", ed25519.Ed25519PrivateKey.generate())
    with pytest.raises(NotServableError, match="no RSA key"):
        signed_urls(DeliverySettings(**cdn, cdn_private_key_file=other), LocalObjectStore(tmp_path))
    with pytest.raises(NotServableError, match="check the file"):
        signed_urls(DeliverySettings(**cdn, cdn_private_key_file="none.pem"), LocalObjectStore(tmp_path))
