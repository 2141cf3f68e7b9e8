"""From feeds to a promoted index, in process, on the sample house."""

import json

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from catalog.tables import image_references, images, verdicts
from index_builds.tables import snapshots
from orchestration.cli.main import app
from orchestration.resources import engine_for, snapshot_store
from orchestration.summary import summarise
from sample_feeds.truth import read_truth
from vision.encoders import SHIPPED


def command(house, *arguments):
    return CliRunner().invoke(app, ["--config", str(house.config), *arguments])


def test_a_snapshot_is_promoted_and_every_row_and_picture_is_accounted_for(finished):
    held = summarise(finished.settings, ["sample"])["collections"]["sample"]

    assert held["promoted"]["snapshot_id"] == held["latest_snapshot"]
    assert held["balanced"]
    assert all(feed["images"]["pending"] == 0 for feed in held["feeds"].values())
    assert held["joined_pieces"] > 0
    assert held["price_spans"] > 0
    assert held["trend_rows"] > 0


def test_status_and_summary_give_the_same_numbers(finished):
    told = command(finished, "status", "--json")

    assert told.exit_code == 0, told.output
    assert json.loads(told.output) == json.loads(json.dumps(summarise(finished.settings, ["sample"])))


def test_the_planted_defects_are_kept_out_with_their_reasons(finished):
    planted = {fault["kind"] for fault in read_truth(finished.sample).faults}
    held = summarise(finished.settings, ["sample"])["collections"]["sample"]
    reasons = {reason for feed in held["feeds"].values() for reason in feed["rejects_by_reason"]}
    kept_out = {reason for feed in held["feeds"].values() for reason in feed["image_reasons"]}

    assert {"row_without_id", "unreadable_price", "duplicate_id", "missing_title"} <= planted
    assert {"missing_id", "bad_price", "duplicate_id", "missing_title"} <= reasons
    assert {"missing_file", "not_an_image", "truncated"} <= kept_out


def test_every_accepted_picture_of_a_piece_has_a_vector_in_the_snapshot(finished):
    store = snapshot_store(finished.settings)
    manifest = store.manifest("sample", store.promoted("sample"))
    with engine_for(finished.settings.database_url).connect() as connection:
        searchable = connection.execute(
            sa.select(sa.func.count(images.c.image_id.distinct()))
            .join(verdicts, verdicts.c.image_id == images.c.image_id)
            .join(image_references, image_references.c.image_id == images.c.image_id)
            .where(
                verdicts.c.verdict == "accepted",
                image_references.c.live,
                image_references.c.role != "certificate",
            )
        ).scalar_one()

    assert manifest.live_vectors == searchable


def test_pictures_on_plain_paper_have_their_pieces_form_and_no_others(finished):
    with engine_for(finished.settings.database_url).connect() as connection:
        seen = connection.execute(sa.select(images.c.measures).where(images.c.unreadable.is_(None))).scalars()
        told = [(bool(one["object_share"]), "aspect_ratio" in one) for one in seen]

    assert set(told) == {(True, True), (False, False)}


def test_a_second_run_does_nothing_again(finished):
    objects = finished.root / ".loupe" / "objects"
    before = {path: path.stat().st_mtime_ns for path in objects.rglob("*") if path.is_file()}
    summary = summarise(finished.settings, ["sample"])

    outcome = finished.run()

    after = {path: path.stat().st_mtime_ns for path in objects.rglob("*") if path.is_file()}
    rewritten = {path for path in after if before.get(path) != after[path] and "handoffs" not in path.parts}
    assert outcome.failures == []
    assert rewritten == set()
    assert summarise(finished.settings, ["sample"]) == summary
    with engine_for(finished.settings.database_url).connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(snapshots)).scalar_one() == 1


@pytest.mark.parametrize("arguments", [("--text", "gold ring"), ("--text", "emerald", "--category", "ring")])
def test_text_search_answers_with_pieces(finished, arguments):
    told = command(finished, "search", *arguments, "--json")

    assert told.exit_code == 0, told.output
    hits = json.loads(told.output)["hits"]
    assert 0 < len(hits) <= 10
    assert {"piece_id", "title", "score", "listings"} <= set(hits[0])


def test_a_picture_finds_itself_and_a_piece_finds_others(finished):
    picture = next((finished.sample / "atelier" / "images").rglob("*.jpg"))

    told = command(finished, "search", "--image", str(picture), "--json")
    assert told.exit_code == 0, told.output
    first = json.loads(told.output)["hits"][0]
    assert first["score"] == pytest.approx(1.0, abs=0.02)

    alike = json.loads(command(finished, "search", "--like", first["piece_id"], "--json").output)["hits"]
    assert first["piece_id"] not in {hit["piece_id"] for hit in alike}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("search", "--text", ""), "empty"),
        (("search", "--image", "no-such.jpg"), "no-such.jpg"),
        (("search", "--like", "p0"), "p0"),
        (("search",), "--text, --image or --like"),
        (("search", "--text", "ring", "--collection", "other"), "there is no collection 'other'"),
        (("snapshots", "show", "00000009-none"), "00000009-none"),
        (("snapshots", "promote", "00000009-none"), "00000009-none"),
        (("feeds", "check", "no-such.csv"), "no-such.csv"),
        (("run", "--collection", "other"), "there is no collection 'other'"),
    ],
)
def test_a_wrong_call_is_one_line_that_says_what_to_do(finished, arguments, said):
    told = command(finished, *arguments)

    assert told.exit_code != 0
    shown = (
        str(told.exception) if told.exception and not isinstance(told.exception, SystemExit) else told.output
    )
    assert said in shown
    assert "Traceback" not in told.output


def test_a_broken_feed_keeps_no_other_from_customers(house):
    document = house.settings
    feeds = [
        json.loads(feed.model_dump_json(exclude_none=True)) for feed in document.collections["sample"].feeds
    ]
    feeds.append(
        {"name": "away", "kind": "retailer", "format": "shopify_csv", "location": str(house.root / "nowhere")}
    )
    house.change(collections={"sample": {"feeds": feeds}})

    outcome = house.run()

    held = summarise(house.settings, ["sample"])["collections"]["sample"]
    assert [(one.stage, one.subject) for one in outcome.failures] == [("ingest", "sample.away")]
    assert "nowhere" in outcome.failures[0].reason
    assert "nowhere" in held["feeds"]["away"]["error"]
    assert held["promoted"] is not None


def test_an_encoder_that_cannot_load_costs_nothing_else(house):
    broken = house.root / "model.safetensors"
    broken.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 408207909\n")
    good = house.settings.encoder
    house.change(encoder={"model": str(SHIPPED["loupe-small"]), "checkpoint": str(broken)})

    outcome = house.run()
    held = summarise(house.settings, ["sample"])["collections"]["sample"]
    assert [one.stage for one in outcome.failures] == ["embed"]
    assert "model.safetensors" in outcome.failures[0].reason
    assert held["balanced"]
    assert held["promoted"] is None

    house.change(encoder=good.model_dump(mode="json", exclude_none=True))
    assert house.run().failures == []
    assert summarise(house.settings, ["sample"])["collections"]["sample"]["promoted"] is not None


def test_failed_pictures_can_be_asked_for_again(house):
    house.run()
    failed = sum(  # what has no consent is not asked for again
        feed["images"]["failed"] - feed["image_reasons"].get("no_consent", 0)
        for feed in summarise(house.settings, ["sample"])["collections"]["sample"]["feeds"].values()
    )

    told = json.loads(command(house, "images", "retry", "--json").output)

    assert failed > 0
    assert told == {"collection": "sample", "waiting_again": failed}
