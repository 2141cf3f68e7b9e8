"""Words that an encoder was never trained on are found, left out and named."""

import json

import pytest

from vision.encoders import EncoderSettings
from vision.errors import EncoderError
from vision.known_words import KnownWords, known_words, named_with_hints
from vision.open_clip_encoder import load_encoder

WORDS = KnownWords(
    frozenset(
        [
            "ring",
            "earrings",
            "necklace",
            "rose",
            "gold",
            "emerald",
            "ruby",
            "pavé",
            "with",
            "a",
            "an",
            "bague",
            "or",
            "en",
            "heart",
            "cross",
        ]
    )
)


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("rose gold ring with an emerald", "rose gold ring with an emerald"),
        ("Rose-Gold RINGS, with rubies!", "rose gold ring with ruby"),
        ("a pave ring", "a pavé ring"),
        ("PAVÉ earring", "pavé earrings"),
        ("the ring's cross", "the ring cross"),
        ("bague en or", "bague en or"),
        ("heart‑necklaces", "heart necklace"),
    ],
)
def test_a_word_is_known_through_case_accents_hyphens_and_plurals(text, encoded):
    read = WORDS.read(text)

    assert (read.text, read.unknown) == (encoded, ())


@pytest.mark.parametrize(
    ("text", "encoded", "unknown"),
    [
        ("ring with a zircon and an emerald", "ring and an emerald", ("zircon",)),
        ("Zorgle ring, zorgle!", "ring", ("Zorgle",)),
        ("zorgle and emerald", "emerald", ("zorgle",)),
        ("18k gold", "gold", ("18k",)),
        ("خاتم ring", "ring", ("خاتم",)),
        ("glass", "", ("glass",)),
    ],
)
def test_an_unknown_word_goes_with_what_leads_to_it(text, encoded, unknown):
    read = WORDS.read(text)

    assert (read.text, read.unknown) == (encoded, unknown)


@pytest.mark.parametrize("text", ["", "  ", "with the", "and for a", "?!"])
def test_words_that_name_nothing_are_neither_unknown_nor_worth_encoding(text):
    read = WORDS.read(text)

    assert (read.text, read.unknown) == ("", ())


def test_a_word_with_and_without_an_accent_is_encoded_as_it_was_written():
    words = KnownWords(frozenset({"rose", "rosé", "gold", "or"}))

    assert words.read("Rose gold").text == "rose gold"
    assert words.read("or rosé").text == "or rosé"
    assert words.read("roses").text == "rose"


def test_a_near_spelling_is_suggested():
    read = WORDS.read("emrald neklace blip")

    assert read.near == {"emrald": ("emerald",), "neklace": ("necklace",)}
    assert named_with_hints(read.unknown, read.near) == (
        "emrald (did you mean emerald?), neklace (did you mean necklace?), blip"
    )


@pytest.fixture
def worded(tmp_path, tiny_architecture):
    """Settings of the tiny model with a list of known words beside it."""

    def make(words, name="known.txt"):
        if words is not None:
            (tmp_path / name).write_bytes(words)
        config = {"model_cfg": json.loads(tiny_architecture.read_text()), "loupe": {"known_words": name}}
        path = tmp_path / "worded.json"
        path.write_text(json.dumps(config))
        return EncoderSettings(model=str(path), seed=1, device="cpu")

    return make


def test_the_list_lies_beside_the_architecture_and_changes_no_vector(worded, tiny_settings):
    encoder, plain = load_encoder(worded(b"gold\nring\n")), load_encoder(tiny_settings)

    assert encoder.unknown_words("gold rings with zircon") == ("zircon",)
    assert plain.unknown_words("gold rings with zircon") == ()
    assert plain.read_text("Anything-goes, خاتم").text == "Anything-goes, خاتم"
    assert encoder.encoder_id == plain.encoder_id


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (None, "does not exist"),
        (b"", "holds none"),
        (b"\n \n", "holds none"),
        (b"\xff\xfe\x00", "cannot be read"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused_by_name(worded, words, complaint):
    with pytest.raises(EncoderError, match=rf"known\.txt.*{complaint}"):
        load_encoder(worded(words))


def test_a_file_of_words_is_read_as_it_is_written(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("Emerald\npavé\nrose gold\n", encoding="utf-8")

    assert len(known_words(path)) == 4
    assert known_words(path).read("pave emeralds, rose").text == "pavé emerald rose"
