import gzip

import pytest

from catalog.errors import FeedRefusedError, FeedUnreachableError
from catalog.http import HttpClient, is_public, shown

LIMIT = 1 << 20


def get(http, url, **more):
    return http.get(url, **{"allow_private": True, "max_bytes": LIMIT} | more)


def test_a_failure_that_passes_is_retried(server, http):
    server.answer("/feed", status=503)
    server.answer("/feed", status=429, Retry_After="0")
    server.answer("/feed", b"good")

    assert get(http, f"{server.url}/feed").body == b"good"
    assert len(server.requests) == 3


def test_a_failure_that_stays_is_transient_and_bounded(server, http):
    server.answer("/feed", status=500)

    with pytest.raises(FeedUnreachableError, match="500"):
        get(http, f"{server.url}/feed")
    assert len(server.requests) == 4


def test_a_server_that_asks_for_a_long_wait_is_left_to_the_next_run(server, http):
    server.answer("/seconds", status=429, Retry_After="3600")
    server.answer(
        "/date", status=503, Date="Sat, 01 Aug 2026 10:00:00 GMT", Retry_After="Sat, 01 Aug 2026 11:00:00 GMT"
    )

    for path in ("/seconds", "/date"):
        with pytest.raises(FeedUnreachableError) as caught:
            get(http, server.url + path)
        assert caught.value.retry_after == 3600
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("status", "reason"), [(404, "not_found"), (410, "not_found"), (401, "refused"), (403, "refused")]
)
def test_a_permanent_answer_is_not_asked_for_twice(server, http, status, reason):
    server.answer("/feed", status=status)

    with pytest.raises(FeedRefusedError) as caught:
        get(http, f"{server.url}/feed")
    assert (caught.value.reason, len(server.requests)) == (reason, 1)


def test_size_is_bounded_by_announcement_and_by_what_comes_unpacked(server, http):
    server.answer("/announced", b"x", Content_Length=str(LIMIT + 1))
    server.answer("/bomb", gzip.compress(b"0" * (LIMIT + 1)), Content_Encoding="gzip")

    for path in ("/announced", "/bomb"):
        with pytest.raises(FeedRefusedError) as caught:
            get(http, server.url + path)
        assert caught.value.reason == "too_large"


def test_a_body_shorter_than_announced_is_no_good_answer(server, http, tmp_path):
    server.answer("/feed", b"half", Content_Length="100")

    with pytest.raises(FeedUnreachableError):
        http.download(f"{server.url}/feed", tmp_path / "feed", allow_private=True, max_bytes=LIMIT)


def test_redirects_are_followed_up_to_a_bound_and_never_to_another_scheme(server, http):
    server.answer("/a", status=302, Location="/b")
    server.answer("/b", b"here")
    server.answer("/loop", status=302, Location="/loop")
    server.answer("/file", status=302, Location="file:///etc/passwd")

    assert get(http, f"{server.url}/a").body == b"here"
    for path in ("/loop", "/file"):
        with pytest.raises(FeedRefusedError) as caught:
            get(http, server.url + path)
        assert caught.value.reason == "bad_location"


def test_a_private_address_is_refused_before_anything_is_sent(server, http):
    for host in ("127.0.0.1", "localhost"):
        with pytest.raises(FeedRefusedError) as caught:
            get(http, server.url.replace("127.0.0.1", host) + "/feed", allow_private=False)
        assert caught.value.reason == "private_address"
    assert server.requests == []


def test_a_trusted_host_cannot_redirect_to_a_private_one(server, http):
    server.answer("/feed", status=302, Location=server.url.replace("127.0.0.1", "localhost") + "/secret")

    with pytest.raises(FeedRefusedError) as caught:
        get(http, f"{server.url}/feed")
    assert (caught.value.reason, server.asked()) == ("private_address", ["/feed"])


def test_the_connection_goes_to_the_address_that_was_checked(server, no_waiting):
    asked = []

    def resolve(host, port):
        asked.append(host)
        return ["127.0.0.1"]

    server.answer("/feed", b"inside")
    url = server.url.replace("127.0.0.1", "shop.invalid") + "/feed"  # a name that no resolver knows
    with HttpClient(requests_per_second=10_000.0, resolve=resolve) as http:
        reached = get(http, url, allow_private=True)
        with pytest.raises(FeedRefusedError) as caught:
            get(http, url, allow_private=False)

    assert (reached.body, asked) == (b"inside", ["shop.invalid", "shop.invalid"])
    assert server.requests[0][1]["Host"].startswith("shop.invalid:")
    assert (caught.value.reason, len(server.requests)) == ("private_address", 1)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "0.1.2.3",
        "::1",
        "fe80::1%eth0",
        "::ffff:127.0.0.1",
        "100.64.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "224.0.0.1",
    ],
)
def test_addresses_inside_are_not_public_in_any_form(address):
    assert not is_public(address)


def test_public_addresses_are_public():
    assert is_public("93.184.216.34")
    assert is_public("2606:4700::1111")


@pytest.mark.parametrize("url", ["ftp://x/y", "http://", "http://[::1", "http://x:99999999/", "gopher://x"])
def test_what_is_no_web_address_is_refused(http, url):
    with pytest.raises(FeedRefusedError) as caught:
        get(http, url)
    assert caught.value.reason == "bad_location"


def test_a_host_that_does_not_answer_is_transient(http):
    with pytest.raises(FeedUnreachableError):
        get(http, "http://127.0.0.1:1/feed")


def test_messages_show_no_password_and_no_token():
    assert shown("https://user:secret@shop.example/feed?token=abc") == "https://shop.example/feed?…"
