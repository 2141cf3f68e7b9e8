import pytest

from catalog.metals import MetalStatement, read_metal
from catalog.vocabulary import category_in, find_all, look_up, says_nothing


@pytest.mark.parametrize(
    ("word", "category"),
    [
        ("Bangle", "bracelet"),
        ("BOUCLES D'OREILLES", "earrings"),
        ("خواتم", "ring"),
        ("Ohrhänger", "earrings"),
        ("अंगूठी", "ring"),
        ("Jewellery Set", "set"),
        ("wristwatch", "watch"),
        ("Cuff-links", "cufflinks"),
    ],
)
def test_a_category_is_known_in_any_case_accent_and_language(word, category):
    assert look_up("category", word) == category


def test_a_word_that_stands_for_nothing_gives_none_and_never_a_near_guess():
    assert look_up("category", "Ringlet") is None
    assert category_in("a key ring with earthings") is None
    assert look_up("metal", "unobtainium") is None


def test_a_word_of_two_languages_means_what_the_feeds_language_says():
    assert find_all("metal", "silver or rose", language="en") == ("silver",)
    assert find_all("metal", "collier en or", language="fr") == ("gold",)


@pytest.mark.parametrize(
    ("title", "language", "category"),
    [
        ("Pendant Necklace", "en", "necklace"),
        ("Necklace with Heart Pendant", "en", "necklace"),
        ("Ring set with diamonds", "en", "ring"),
        ("Earrings and Necklace Set", "en", "set"),
        ("Collier pendentif", "fr", "necklace"),
        ("ساعة رولكس يخت ماستر", "ar", "watch"),
    ],
)
def test_a_title_is_named_by_its_head_noun(title, language, category):
    assert category_in(title, language=language) == category


@pytest.mark.parametrize(
    ("text", "stones"),
    [
        ("Lab grown diamonds", ("lab_grown_diamond",)),
        ("Faux Pearls, Rhinestones", ("imitation_pearl", "rhinestone")),
        ("Mother of Pearl", ("mother_of_pearl",)),
        ("diamond cut chain", ()),
        ("emerald cut diamond", ("diamond",)),
    ],
)
def test_the_longest_phrase_wins_and_borrowed_names_are_no_stones(text, stones):
    assert find_all("stone", text) == stones


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("18ct rose gold plated silver", MetalStatement(metal="silver", metal_colour="rose", plating="gold")),
        (
            "925 Silver with Rose Gold Plating",
            MetalStatement(metal="silver", metal_colour="rose", fineness=925, plating="gold"),
        ),
        ("18K White Gold", MetalStatement(metal="gold", metal_colour="white", fineness=750)),
        ("Silver 925, 18k gold plated", MetalStatement(metal="silver", fineness=925, plating="gold")),
        ("gold tone", MetalStatement(metal_colour="yellow")),
        ("Black Leather Bracelet", MetalStatement()),
        ("304 Stainless Steel", MetalStatement(metal="stainless_steel")),
        ("gold vermeil", MetalStatement(metal="silver", plating="gold")),
        ("Gold, Silver", MetalStatement(several=("gold", "silver"))),
    ],
)
def test_a_metal_phrase_tells_the_piece_from_what_covers_it(text, said):
    assert read_metal(text) == said


def test_words_too_general_to_state_a_category_are_known_as_such():
    assert says_nothing("category", "Accessories")
    assert not says_nothing("category", "Perfumes")
