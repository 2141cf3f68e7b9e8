import gzip
import io
import resource
import signal
import zipfile

import pytest

from catalog.checking import check_file
from catalog.declarations import FeedDeclaration
from catalog.listing import Damage, Listing
from catalog.readers import compression
from catalog.reading import read_delivery

CSV = "id,title,price\n" + "".join(f"{number},Gold Ring {number},5\n" for number in range(4000))


def declared(**more):
    return FeedDeclaration(
        **{
            "name": "shop",
            "kind": "retailer",
            "format": "csv",
            "location": "x",
            "currency": "USD",
            "mapping": {"source_id": "id", "title": "title", "price": "price"},
        }
        | more
    )


def zipped(files, **how):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, **how) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def read(tmp_path, content, declaration):
    path = tmp_path / "delivery"
    path.write_bytes(content)
    found = list(read_delivery(path, declaration))
    return [one for one in found if isinstance(one, Listing)], [
        one for one in found if isinstance(one, Damage)
    ]


@pytest.mark.parametrize(
    "content",
    [
        CSV.encode(),
        gzip.compress(CSV.encode()),
        zipped({"feed.csv": CSV}),
        zipped({"export/feed.csv": CSV, "__MACOSX/._feed.csv": "x", "export/.DS_Store": "y"}),
    ],
    ids=["plain", "gzip", "zip", "zip with a Mac's leavings"],
)
def test_a_delivery_is_the_same_packed_or_not(tmp_path, content):
    listings, damage = read(tmp_path, content, declared())

    assert (len(listings), damage) == (4000, [])


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_gzip_that_breaks_off_gives_what_came_before_and_one_damage(tmp_path, share):
    packed = gzip.compress(CSV.encode(), compresslevel=1)

    listings, damage = read(tmp_path, packed[: int(share * len(packed))], declared())

    assert 0 < len(listings) < 4000
    assert [one.message.partition(" after")[0] for one in damage] == ["the gzip breaks"]


def test_a_number_that_breaks_off_is_no_other_number(tmp_path):
    prices = "id,title,price\n" + "".join(f"{number},Ring,{number + 100000}.50\n" for number in range(4000))
    packed = gzip.compress(prices.encode())

    for cut in range(len(packed) // 2, len(packed) // 2 + 40):
        listings, damage = read(tmp_path, packed[:cut], declared())
        assert all(one.price_minor == int(one.source_id) * 100 + 10_000_050 for one in listings)
        assert len(damage) == 1


def test_a_full_disk_of_ours_is_no_damage_of_theirs(tmp_path, monkeypatch):
    path = tmp_path / "delivery"
    path.write_bytes(gzip.compress(CSV.encode()))
    monkeypatch.setattr(compression, "_PIECE", 1000)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            list(read_delivery(path, declared()))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_damaged_zip_of_any_method_is_damage(tmp_path):
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as archive:
            archive.writestr("feed.csv", CSV)
        packed = bytearray(buffer.getvalue())
        for at in range(60, len(packed) // 2, 97):
            packed[at] ^= 0xFF

        _, damage = read(tmp_path, bytes(packed), declared())

        assert len(damage) == 1, method


def test_a_flipped_bit_in_a_zip_is_damage(tmp_path):
    packed = bytearray(zipped({"feed.csv": CSV}))
    packed[len(packed) // 2] ^= 0x40

    _, damage = read(tmp_path, bytes(packed), declared())

    assert len(damage) == 1


def test_one_file_of_several_in_a_zip_is_chosen_by_setting(tmp_path):
    content = zipped({"feed.csv": CSV, "readme.txt": "hello"})

    listings, damage = read(tmp_path, content, declared())
    chosen, fine = read(tmp_path, content, declared(member="*.csv"))

    assert (listings, [one.place for one in damage]) == ([], ["file"])
    assert "set `member`" in damage[0].message
    assert (len(chosen), fine) == (4000, [])


def test_a_workbook_says_what_to_do(tmp_path):
    _, damage = read(tmp_path, zipped({"[Content_Types].xml": "<x/>", "xl/a.xml": ""}), declared())

    assert "export it as CSV" in damage[0].message


def test_what_grows_without_bound_is_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(compression, "_FREE", 1 << 20)
    monkeypatch.setattr(compression, "LARGEST_RATIO", 10)
    bomb = gzip.compress(b"id,title,price\n" + b"\n" * (8 << 20))

    _, damage = read(tmp_path, bomb, declared())

    assert "grows beyond" in damage[0].message


def test_a_packed_file_is_checked_without_a_declaration(tmp_path):
    path = tmp_path / "feed.csv.gz"
    path.write_bytes(gzip.compress(CSV.encode()))

    report = check_file(path)

    assert (report.declaration.format, report.accepted) == ("csv", 4000)
