import unicodedata
from collections import Counter

import pytest

from catalog.declarations import FeedDeclaration
from catalog.image_fetching import FailedImage, FetchedImage, WantedImage, fetch_images
from catalog.locations import LocationAccess


def declared(**more):
    return FeedDeclaration(
        **{
            "name": "shop",
            "kind": "retailer",
            "format": "csv",
            "location": "/nowhere/feed.csv",
            "mapping": {"source_id": "id", "title": "title"},
        }
        | more
    )


def fetched(locations, declaration, access, workers=4):
    outcomes = fetch_images(
        (WantedImage(location=one) for one in locations), declaration, access=access, workers=workers
    )
    return {one.location: one.data if isinstance(one, FetchedImage) else one.reason for one in outcomes}


@pytest.fixture
def folder(tmp_path):
    """A folder of pictures, beside a file that no feed may read."""
    pictures = tmp_path / "pictures"
    for name in (
        "a b.jpg",
        "Jun 30, 07_43_16\u202fPM.png",
        "50%.jpg",
        unicodedata.normalize("NFD", "doré.jpg"),
        "x/y.jpg",
    ):
        path = pictures / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"picture")
    (pictures / "empty.jpg").touch()
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (pictures / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    return pictures


def test_names_are_found_as_they_are_written(folder, access):
    names = ["a b.jpg", "/a%20b.jpg", "/Jun 30, 07_43_16\u202fPM.png", "50%.jpg", "doré.jpg", "x/../x/y.jpg"]

    found = fetched(names, declared(images=str(folder)), access)

    assert found == dict.fromkeys(names, b"picture")


@pytest.mark.parametrize(
    "location", ["../secret.jpg", "/../secret.jpg", "..%2Fsecret.jpg", "link.jpg", "x/../../secret.jpg"]
)
def test_no_name_leads_out_of_the_folder(folder, access, location):
    assert fetched([location], declared(images=str(folder)), access) == {location: "outside_folder"}


def test_each_failure_has_its_reason(folder, access):
    names = ["gone.jpg", "A B.JPG", "empty.jpg", "", "a\x00b", "file:///etc/passwd", "n" * 5000, "x"]

    found = fetched(names, declared(images=str(folder)), access)

    assert list(found.values()).count("missing_file") == 4
    assert {name: found[name] for name in ("empty.jpg", "", "a\x00b", "file:///etc/passwd")} == {
        "empty.jpg": "empty",
        "": "bad_location",
        "a\x00b": "bad_location",
        "file:///etc/passwd": "bad_location",
    }


def test_thousands_of_missing_files_are_each_accounted_for(folder, access):
    names = [f"images/{number}.jpg" for number in range(5000)]

    found = fetched(names, declared(images=str(folder)), access)

    assert found == dict.fromkeys(names, "missing_file")


def test_a_feeds_own_host_may_be_private_and_no_other(server, access):
    server.answer("/p/a%20b.jpg", b"picture")
    elsewhere = server.url.replace("127.0.0.1", "localhost") + "/p/x.jpg"
    declaration = declared(location=f"{server.url}/feed.csv", images=f"{server.url}/p/")

    found = fetched(["/a b.jpg", elsewhere, "../feed.csv", "gone.jpg"], declaration, access)

    assert found == {
        "/a b.jpg": b"picture",
        elsewhere: "private_address",
        "../feed.csv": "outside_folder",
        "gone.jpg": "not_found",
    }


def test_a_picture_url_in_a_local_feed_may_not_be_private(server, access, tmp_path):
    url = f"{server.url}/x.jpg"

    assert fetched([url], declared(location=str(tmp_path / "feed.csv")), access) == {url: "private_address"}
    assert server.requests == []


def test_a_host_that_is_down_is_not_asked_for_every_picture(server, access):
    for number in range(40):
        server.answer(f"/{number}.jpg", status=503)
    declaration = declared(location=f"{server.url}/feed.csv")

    outcomes = list(
        fetch_images(
            (WantedImage(location=f"{number}.jpg") for number in range(40)),
            declaration,
            access=access,
            workers=1,
        )
    )

    assert Counter((one.reason, one.transient) for one in outcomes if isinstance(one, FailedImage)) == {
        ("unreachable", True): 5,
        ("not_asked", True): 35,
    }
    assert (len(outcomes), len(server.requests)) == (40, 20)


def test_s3_is_read_below_the_feeds_prefix_only(s3, no_waiting):
    s3.put_object(Bucket="shop", Key="p/a b.jpg", Body=b"picture")
    s3.create_bucket(Bucket="private")
    s3.put_object(Bucket="private", Key="p/x.jpg", Body=b"secret")
    access = LocationAccess(s3_client=lambda: s3)
    names = [
        "/a b.jpg",
        "a%20b.jpg",
        "s3://shop/p/a b.jpg",
        "s3://private/p/x.jpg",
        "s3://shop/p/../q.jpg",
        "gone.jpg",
    ]

    found = fetched(names, declared(images="s3://shop/p"), access)

    assert [found[name] for name in names] == [
        b"picture",
        b"picture",
        b"picture",
        "outside_folder",
        "outside_folder",
        "not_found",
    ]


def test_pictures_are_drawn_as_workers_become_free(folder, access):
    drawn = []

    def wanted():
        for number in range(1000):
            drawn.append(number)
            yield WantedImage(location=f"{number}.jpg")

    outcomes = fetch_images(wanted(), declared(images=str(folder)), access=access, workers=2)
    next(outcomes)
    outcomes.close()

    assert len(drawn) <= 8
