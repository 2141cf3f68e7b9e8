"""The catalogue of pieces."""

from collections import Counter
from itertools import combinations
from math import sqrt

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


INDEPENDENT = {
    "category": lambda piece: piece.category,
    "style": lambda piece: piece.style,
    "finish": lambda piece: piece.finish,
    "metal colour": lambda piece: piece.shown_colour,
    "stone": lambda piece: piece.stone.name if piece.stone else None,
    "accent": lambda piece: piece.accent,
    "brand": lambda piece: piece.brand,
}
STRUNG = {"strand", "beaded"}  # of beads, whatever the stone


def cramers_v(pairs):
    """Association of two attributes in [0, 1], corrected for chance (Bergsma 2013)."""
    table = Counter(pairs)
    rows, columns = (Counter(pair[side] for pair in pairs) for side in (0, 1))
    total = len(pairs)
    chi2 = sum(
        (table[row, column] - rows[row] * columns[column] / total) ** 2
        / (rows[row] * columns[column] / total)
        for row in rows
        for column in columns
    )
    freedom = (len(rows) - 1) * (len(columns) - 1)
    phi2 = max(0.0, chi2 / total - freedom / (total - 1))
    sides = [len(side) - (len(side) - 1) ** 2 / (total - 1) for side in (rows, columns)]
    return sqrt(phi2 / (min(sides) - 1))


@pytest.mark.parametrize(("one", "other"), list(combinations(INDEPENDENT, 2)))
def test_no_attribute_tells_of_another(one, other):
    pieces = piece_catalogue(5000, 5)
    if {one, other} == {"stone", "accent"}:  # without a main stone there is no accent
        pieces = [piece for piece in pieces if piece.stone]

    pairs = [(INDEPENDENT[one](piece), INDEPENDENT[other](piece)) for piece in pieces]

    assert cramers_v(pairs) < 0.05


def test_within_a_category_designs_and_motifs_do_not_tell_stones_or_metals():
    pieces = piece_catalogue(20_000, 5)

    for category in CATEGORY_SHARES:
        jewelled = [
            piece
            for piece in pieces
            if piece.category == category and piece.stone and piece.design not in STRUNG
        ]
        for attribute in ("design", "setting", "motif"):
            known = [piece for piece in jewelled if getattr(piece, attribute)]
            if len({getattr(piece, attribute) for piece in known}) > 1:
                for told in (lambda piece: piece.shown_colour, lambda piece: piece.stone.name):
                    pairs = [(getattr(piece, attribute), told(piece)) for piece in known]
                    assert cramers_v(pairs) < 0.1, (category, attribute)


def test_certificate_numbers_are_never_shared():
    numbers = [piece.certificate for piece in piece_catalogue(20_000, 5) if piece.certificate]

    assert len(set(numbers)) == len(numbers)


def test_pieces_state_only_what_their_material_allows():
    for piece in piece_catalogue(500, 9):
        colours, finenesses, _, _ = METALS[piece.metal]
        assert piece.metal_colour in colours
        assert piece.fineness in finenesses
        assert piece.shown_colour == (PLATINGS[piece.plating] if piece.plating else piece.metal_colour)
        assert all(length > 0 for length in piece.dimensions_mm.values())
        assert piece.price_minor >= 1900
