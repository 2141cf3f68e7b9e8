"""The catalogue of pieces."""

from collections import Counter

import pytest
from stdnum import ean

from sample_feeds.pieces import CATEGORY_SHARES, METALS, PLATINGS, gtin_13, piece_catalogue


def test_the_same_seed_gives_the_same_pieces_and_another_seed_others():
    assert piece_catalogue(40, 7) == piece_catalogue(40, 7)
    assert piece_catalogue(40, 7) != piece_catalogue(40, 8)


@pytest.mark.parametrize("count", [12, 72, 400])
def test_identifiers_are_unique_and_gtins_have_true_check_digits(count):
    pieces = piece_catalogue(count, 7)

    for identifier in ("key", "gtin", "mpn", "article_number", "name"):
        assert len({getattr(piece, identifier) for piece in pieces}) == count
    assert all(ean.is_valid(piece.gtin) and piece.gtin.startswith("952") for piece in pieces)


def test_a_check_digit_is_the_one_that_gs1_prints():
    # 952 1234 54321 3 is the worked example of GS1's own documentation.
    assert gtin_13(123454321) == "9521234543213"


def test_every_category_is_there_from_a_dozen_pieces_on_and_fewer_are_refused():
    assert {piece.category for piece in piece_catalogue(12, 1)} == set(CATEGORY_SHARES)
    with pytest.raises(ValueError, match="11 pieces is too small"):
        piece_catalogue(11, 1)


def test_attributes_do_not_tell_each_other():
    # given: enough pieces that a dependence would show
    pieces = piece_catalogue(2000, 5)
    share_of_gold = Counter(piece.metal for piece in pieces)["gold"] / len(pieces)

    # then: within every category and every stone, gold is about as frequent as everywhere
    for group in ("category", "style"):
        for value, size in Counter(getattr(piece, group) for piece in pieces).items():
            gold = sum(piece.metal == "gold" and getattr(piece, group) == value for piece in pieces)
            assert abs(gold / size - share_of_gold) < 0.12, (group, value)


def test_pieces_state_only_what_their_material_allows():
    for piece in piece_catalogue(500, 9):
        colours, finenesses, _, _ = METALS[piece.metal]
        assert piece.metal_colour in colours
        assert piece.fineness in finenesses
        assert piece.shown_colour == (PLATINGS[piece.plating] if piece.plating else piece.metal_colour)
        assert all(length > 0 for length in piece.dimensions_mm.values())
        assert piece.price_minor >= 1900
