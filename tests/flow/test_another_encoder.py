"""Everything a second time with another OpenCLIP checkpoint, while the first goes on serving."""

import json
import multiprocessing
import shutil
import signal

import pytest
import yaml
from die_at_reembed import reembed_and_die
from flow_house import House, make_house
from small_checkpoints import write_checkpoint
from typer.testing import CliRunner

from index_builds.retention import collect_garbage
from orchestration.cli.main import app
from orchestration.resources import encoder_loader, open_objects, snapshot_store
from serving.searching import open_collection
from vision.encoder_records import recorded_encoders
from vision.errors import EncoderError

COLLECTION = "sample"
QUERY = "rose gold ring with an emerald"


def command(house: House, *arguments: str):
    return CliRunner().invoke(app, ["--config", str(house.config), *arguments])


def told(house: House, *arguments: str):
    """What a command answers in JSON; it must succeed."""
    result = command(house, *arguments, "--json")
    assert result.exit_code == 0, f"{result.output} {result.exception}"
    return json.loads(result.output)


def reembed(house: House, encoder: dict, *arguments: str):
    named = [text for name, value in encoder.items() for text in (f"--{name}", str(value))]
    return told(house, "reembed", *named, *arguments)


def switched(house: House, encoder: dict) -> dict:
    """Switch to an encoder; random weights find what they find, so that is accepted."""
    outcome = reembed(house, encoder, "--switch", "--even-if-worse")
    assert [one["collection"] for one in outcome["switched"]] == [COLLECTION]
    return outcome


def pointer(house: House):
    return snapshot_store(house.settings).pointer(COLLECTION)


def encoder_of_promoted(house: House) -> str:
    store = snapshot_store(house.settings)
    return store.manifest(COLLECTION, store.promoted(COLLECTION)).encoder_id


def opened(house: House):
    """The search that a serving process holds."""
    settings = house.settings
    return open_collection(snapshot_store(settings), COLLECTION, encoder_loader(settings))


def answers(search) -> list:
    return [
        [(hit.piece_id, hit.score) for hit in search.by_text(QUERY, 10).hits],
        search.snapshot.snapshot_id,
    ]


def parts(house: House) -> dict[str, set[str]]:
    """The embedding parts of every encoder."""
    found: dict[str, set[str]] = {}
    for key in open_objects(house.settings).keys("embeddings/"):
        found.setdefault(key.split("/")[1], set()).add(key)
    return found


@pytest.fixture(scope="module")
def former(tmp_path_factory) -> dict:
    """The checkpoint that the house serves with."""
    return write_checkpoint(tmp_path_factory.mktemp("checkpoints") / "former", seed=7, dimension=32)


@pytest.fixture(scope="module")
def another(tmp_path_factory) -> dict:
    """Another one, of another dimension."""
    return write_checkpoint(tmp_path_factory.mktemp("checkpoints") / "another", seed=11, dimension=48)


@pytest.fixture(scope="module")
def served(tmp_path_factory, former) -> House:
    """A house that serves with the former encoder; tests work on copies of it."""
    house = make_house(tmp_path_factory.mktemp("served"), encoder=former)
    assert house.run().failures == []
    return house


@pytest.fixture
def house(served, tmp_path) -> House:
    shutil.copytree(served.root, tmp_path / "house")
    return House(root=tmp_path / "house", config=tmp_path / "house" / "loupe.yaml")


def test_a_trial_builds_everything_beside_and_disturbs_nothing(house, another):
    standing, before, serving = pointer(house), parts(house), opened(house)
    first = answers(serving)

    outcome = reembed(house, another)

    after = parts(house)
    assert (
        outcome["embedded"]["embedded"]
        == told(house, "status")["collections"][COLLECTION]["promoted"]["vectors"]
    )
    assert outcome["embedded"]["dimension"] == 48
    assert outcome["judged"][0]["gate_failures"] == []
    assert outcome["judged"][0]["beside"] == standing.snapshot_id
    assert outcome["switched"] == []
    assert set(after) == {*before, outcome["embedded"]["encoder_id"]}
    assert {encoder: after[encoder] for encoder in before} == before
    assert pointer(house) == standing
    assert answers(serving) == answers(opened(house)) == first

    assert house.run().failures == []  # the hourly run neither promotes the trial nor builds anew beside it
    assert pointer(house) == standing
    assert len(told(house, "snapshots", "list")) == 2


def test_a_second_trial_embeds_nothing_again(house, another):
    first = reembed(house, another)
    again = reembed(house, another)

    assert again["embedded"]["embedded"] == 0
    assert again["embedded"]["already"] == first["embedded"]["embedded"]
    assert again["judged"] == first["judged"]


def test_a_killed_trial_goes_on_where_it_was(house, served, another, tmp_path):
    whole = House(root=tmp_path / "whole", config=tmp_path / "whole" / "loupe.yaml")
    shutil.copytree(served.root, whole.root)
    processes = multiprocessing.get_context("forkserver")

    for write in (2, 3):  # after the encoder's record, and after a part of vectors
        doomed = processes.Process(target=reembed_and_die, args=(str(house.config), another, write))
        doomed.start()
        doomed.join()
        assert doomed.exitcode == -signal.SIGKILL
    resumed = reembed(house, another)

    uninterrupted = reembed(whole, another)
    assert resumed["embedded"]["already"] > 0
    assert resumed["judged"] == uninterrupted["judged"]
    assert parts(house) == parts(whole)


def test_a_switch_goes_through_gate_and_promotion_while_the_former_goes_on_serving(house, another):
    serving, standing = opened(house), pointer(house)
    first = answers(serving)

    outcome = switched(house, another)

    move = snapshot_store(house.settings).history(COLLECTION)[-1]
    assert pointer(house).snapshot_id == outcome["judged"][0]["snapshot_id"]
    assert encoder_of_promoted(house) == outcome["embedded"]["encoder_id"]
    assert move.from_snapshot == standing.snapshot_id
    assert "another.json" in move.reason
    assert answers(serving) == first  # a process that opened the former snapshot keeps it and its encoder


def test_after_a_switch_searches_and_runs_follow_it_whatever_the_settings_still_say(house, another, former):
    encoder_id = switched(house, another)["embedded"]["encoder_id"]
    lost = sorted(parts(house)[encoder_id])[0]
    open_objects(house.settings).delete(lost)  # as if its pictures had just come in
    standing = pointer(house)

    found = told(house, "search", "--text", QUERY)
    outcome = house.run()

    assert house.settings.encoder.model == former["model"]
    assert found["snapshot_id"] == standing.snapshot_id
    assert outcome.failures == []
    assert lost in parts(house)[encoder_id]
    assert encoder_of_promoted(house) == encoder_id
    assert house.run().failures == []
    assert encoder_of_promoted(house) == encoder_id


def test_with_the_printed_settings_in_place_the_settings_hold_and_nothing_changes_any_more(
    house, another, former
):
    outcome = switched(house, another)

    house.change(encoder=outcome["settings"])

    assert outcome["settings"] == another
    assert house.run().failures == []
    standing = pointer(house)
    store = snapshot_store(house.settings)
    assert store.manifest(COLLECTION, standing.snapshot_id).instead_of is None
    assert encoder_of_promoted(house) == outcome["embedded"]["encoder_id"]
    assert house.run().failures == []
    assert pointer(house) == standing
    assert told(house, "search", "--text", QUERY)["snapshot_id"] == standing.snapshot_id

    house.change(encoder=former)  # the switch is over: going back by the settings is possible
    assert house.run().failures == []
    assert encoder_of_promoted(house) != outcome["embedded"]["encoder_id"]


def test_the_way_back_stays_open_and_is_served_with_the_former_encoder(house, another):
    former_answer, former_pointer = answers(opened(house)), pointer(house)
    house.change(encoder=switched(house, another)["settings"])
    store = snapshot_store(house.settings)
    collect_garbage(store, keep_last=1, grace=0)  # the strictest that retention can be
    assert store.entry(COLLECTION, former_pointer.snapshot_id).pinned

    told(house, "snapshots", "rollback")

    assert pointer(house).snapshot_id == former_pointer.snapshot_id
    assert answers(opened(house)) == former_answer
    assert house.run().failures == []  # automatic promotion is paused; the settings name the other encoder
    assert pointer(house).snapshot_id == former_pointer.snapshot_id
    assert told(house, "search", "--text", QUERY)["snapshot_id"] == former_pointer.snapshot_id


def test_a_changed_setting_is_a_switch_too_and_until_then_the_former_answers(house, another):
    standing, first = pointer(house), told(house, "search", "--text", QUERY)

    house.change(encoder=another)
    between = told(house, "search", "--text", QUERY)
    outcome = house.run()

    assert between == first
    assert outcome.failures == []
    assert pointer(house).version == standing.version + 1
    assert told(house, "search", "--text", QUERY)["snapshot_id"] == pointer(house).snapshot_id


def test_an_encoder_that_finds_less_passes_its_own_recall_and_is_not_switched_to(house, tmp_path):
    blind = write_checkpoint(tmp_path / "blind", seed=3, blind=True)
    standing = pointer(house)

    refused = command(
        house, "reembed", "--model", blind["model"], "--checkpoint", blind["checkpoint"], "--switch"
    )

    assert refused.exit_code == 1
    assert "other pictures of the same piece" in refused.output
    assert "--even-if-worse" in refused.output
    assert pointer(house) == standing
    assert house.run().failures == []
    assert pointer(house) == standing


def test_a_switched_encoder_whose_weights_are_gone_is_named_and_costs_nothing_else(house, tmp_path):
    passing = write_checkpoint(tmp_path / "passing", seed=5)
    switched(house, passing)
    standing = pointer(house)
    (tmp_path / "passing" / "weights.safetensors").unlink()
    encoder_loader.__globals__["_encoders"].clear()  # a new process has nothing in memory

    searched = command(house, "search", "--text", QUERY)
    outcome = house.run()

    assert isinstance(searched.exception, EncoderError)
    assert "passing.json weights.safetensors" in str(searched.exception)
    assert [one.stage for one in outcome.failures] == ["embed"]
    assert "weights.safetensors" in outcome.failures[0].reason
    assert pointer(house) == standing


def test_a_trial_can_be_promoted_later_and_runs_follow_it_then_too(house, another):
    trial = reembed(house, another)
    snapshot_id = trial["judged"][0]["snapshot_id"]

    told(house, "snapshots", "promote", snapshot_id)

    assert told(house, "search", "--text", QUERY)["snapshot_id"] == snapshot_id
    assert house.run().failures == []
    assert encoder_of_promoted(house) == trial["embedded"]["encoder_id"]


def test_a_snapshot_that_was_left_can_be_released_to_retention(house, another):
    left = pointer(house).snapshot_id
    switched(house, another)
    store = snapshot_store(house.settings)

    told(house, "snapshots", "pin", left, "--release")

    assert not store.entry(COLLECTION, left).pinned


def test_the_next_encoder_of_the_settings_is_tried_when_none_is_named(house, another):
    house.change(next_encoder=another)

    outcome = told(house, "reembed")

    assert outcome["settings"] == another
    assert {record.encoder_id for record in recorded_encoders(open_objects(house.settings))} >= {
        outcome["embedded"]["encoder_id"]
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--model", "ViT-B-32"), "needs exactly one of pretrained, checkpoint or seed"),
        (("--model", "hf-hub:owner/name", "--seed", "1"), "brings its own weights"),
        (("--model", "nowhere.json", "--seed", "1"), "nowhere.json"),
        (("--collection", "other"), "there is no collection 'other'"),
        (("--precision", "half"), "precision"),
    ],
)
def test_a_wrong_call_says_what_to_do_and_changes_nothing(house, arguments, said):
    standing, before = pointer(house), parts(house)

    result = command(house, "reembed", *arguments)

    shown = result.output + str(result.exception)
    assert result.exit_code != 0
    assert said in shown
    assert "Traceback" not in result.output
    assert (pointer(house), parts(house)) == (standing, before)


def test_the_printed_settings_are_what_loupe_yaml_takes(house, another):
    switching = command(
        house, "reembed", "--model", another["model"], "--checkpoint", another["checkpoint"], "--switch",
        "--even-if-worse",
    )  # fmt: skip
    printed = switching.output.partition("encoder:\n")
    document = yaml.safe_load("".join(printed[1:]))

    assert document == {"encoder": another}
