"""Which pictures a house has, and taking them."""

from datetime import date

import pytest

from sample_feeds import pictures
from sample_feeds.assortments import TURNTABLE_FRAMES, assortment
from sample_feeds.community import contributions
from sample_feeds.market import open_market
from sample_feeds.pictures import forget_notes, picture_tasks, take_pictures
from sample_feeds.pieces import piece_catalogue


def tasks_of(pieces, *, size_px=640, seed=7):
    sold = assortment(piece_catalogue(pieces, seed), seed=seed, days=30)
    sent = contributions(sold, open_market(seed=seed, first_day=date(2026, 1, 5), days=30))
    return picture_tasks(sold, sent, seed=seed, size_px=size_px)


def taken(tasks, folder, workers=1):
    told = []
    truth = list(take_pictures(tasks, folder, workers=workers, progress=lambda *so_far: told.append(so_far)))
    forget_notes(folder)
    return truth, {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.*")}, told


def test_the_demo_stays_within_its_budget_and_has_every_view():
    tasks = tasks_of(300)

    assert 850 < len(tasks) < 1300
    assert {task.view for task in tasks} == {
        "packshot", "angle", "closeup", "worn", "hand", "card", "phone", "turntable", "certificate",
    }  # fmt: skip


def test_every_listing_has_a_packshot_and_sellers_take_their_own():
    tasks = tasks_of(300)
    own = [task for task in tasks if task.same_bytes_as is None and task.view != "turntable"]

    with_packshot = {(task.feed, task.listing) for task in own if task.view == "packshot"}
    assert with_packshot == {(task.feed, task.listing) for task in tasks if task.feed != "community"}
    assert len({(task.piece.key, task.seed) for task in own}) == len(own)


def test_a_turntable_goes_round_in_equal_steps_under_one_light():
    frames = [task for task in tasks_of(300) if task.view == "turntable"]
    first = [task for task in frames if task.listing == frames[0].listing]

    step = 360 / TURNTABLE_FRAMES
    assert [task.turn for task in first] == [step * number for number in range(TURNTABLE_FRAMES)]
    assert len({task.seed for task in first}) == 1


def test_only_certified_pieces_have_certificate_sheets():
    sheets = [task for task in tasks_of(300) if task.view == "certificate"]

    assert sheets
    assert all(task.piece.certificate for task in sheets)


def test_the_truth_has_a_row_for_every_file_and_progress_reaches_its_end(tmp_path, flat_pictures):
    tasks = tasks_of(14, size_px=192)

    truth, files, told = taken(tasks, tmp_path)

    assert len(truth) == len(tasks) == len(files)
    assert told[-1] == (len(tasks), len(tasks))
    assert not (tmp_path / ".taken").exists()


def test_processes_take_the_same_pictures_as_one_does(tmp_path, monkeypatch):
    tasks = [task for task in tasks_of(12, size_px=192) if task.same_bytes_as is None][:15]
    monkeypatch.setattr(pictures, "ONE_PROCESS_BELOW", 0)

    alone = taken(tasks, tmp_path / "alone", workers=1)
    together = taken(tasks, tmp_path / "together", workers=2)

    assert together[0] == alone[0]
    assert together[1] == alone[1]


def test_a_picture_that_cannot_be_taken_is_an_error_and_not_a_gap(tmp_path, monkeypatch):
    def broken(task):
        raise ZeroDivisionError(task.file)

    monkeypatch.setattr(pictures, "picture_bytes", broken)

    with pytest.raises(ZeroDivisionError):
        taken(tasks_of(12, size_px=192), tmp_path)
