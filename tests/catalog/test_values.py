from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import texts
from catalog.dimensions import read_labelled_lengths, read_lengths, read_weight
from catalog.errors import UnreadableValueError
from catalog.fineness import karat_of
from catalog.identifiers import clean_part_number, read_gtin
from catalog.metals import read_fineness, read_metal
from catalog.money import LARGEST_MINOR, Money, read_money
from catalog.ring_sizes import read_ring_sizes


@pytest.mark.parametrize(
    ("text", "language", "minor", "currency"),
    [
        ("352 AED", "ar", 35200, "AED"),
        ("$24", "en", 2400, "USD"),
        ("1.299,00 €", "de", 129900, "EUR"),
        ("1.299,00 €", "en", 129900, "EUR"),
        ("₹ 65,067", "en", 6506700, "INR"),
        ("1,23,456.50 INR", "en", 12345650, "INR"),
        ("CHF 1’299.–", "de", 129900, "CHF"),
        ("1 299,00 €", "fr", 129900, "EUR"),
        ("24.0000 USD", "en", 2400, "USD"),
        ("1.234 KWD", "en", 1234, "KWD"),
        ("¥1500 JPY", "en", 1500, "JPY"),
        ("١٢٣٫٤٥ د.إ", "ar", 12345, "AED"),
        ("AED352", "en", 35200, "AED"),
        ("1.299 EUR", "de", 129900, "EUR"),
    ],
)
def test_a_stated_price_becomes_minor_units_of_its_currency(text, language, minor, currency):
    assert read_money(text, currency=None, language=language) == Money(minor=minor, currency=currency)


def test_the_feeds_currency_says_what_a_bare_number_and_a_shared_sign_mean():
    assert read_money("24,99", currency="EUR", language="de") == Money(minor=2499, currency="EUR")
    assert read_money("$24", currency="CAD") == Money(minor=2400, currency="CAD")
    assert read_money("Rs. 500", currency="INR") == Money(minor=50000, currency="INR")
    assert read_money(Decimal("1.299"), currency="KWD", language="de") == Money(minor=1299, currency="KWD")


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("-5", "negative"),
        ("(5.00)", "negative"),
        ("0.00", "zero"),
        ("NaN", "no number"),
        ("on request", "no number"),
        ("12 USD or 13 USD", "several"),
        ("1.299", "more decimals"),
        ("5 quatloos", "no currency we know"),
        (float("nan"), "no number"),
        (Decimal("1E+999999"), "beyond"),
        ("9" * 400, "beyond"),
        ("1,2,3", "grouped"),
    ],
)
def test_what_is_no_single_positive_price_is_refused_with_its_reason(value, why):
    with pytest.raises(UnreadableValueError, match=why):
        read_money(value, currency="USD")


def test_a_price_without_any_currency_says_what_to_set():
    with pytest.raises(UnreadableValueError, match="set `currency`"):
        read_money("24", currency=None)


def test_a_superscript_is_no_price():
    with pytest.raises(UnreadableValueError, match="no number"):
        read_money("£²", currency="USD")


@given(
    st.one_of(st.text(max_size=60), st.floats(), st.integers(), st.decimals()),
    st.sampled_from(["en", "de", "ar", "xx"]),
)
def test_reading_money_answers_or_refuses_but_never_breaks(value, language):
    try:
        money = read_money(value, currency="USD", language=language)
    except UnreadableValueError:
        return
    assert 0 < money.minor <= LARGEST_MINOR


@pytest.mark.parametrize(
    ("text", "per_mille"),
    [
        ("925 Silver", 925),
        ("14K", 585),
        ("18K", 750),
        ("925 Silver with Rose Gold Plating", 925),
        ("925 Sterling silver", 925),
        ("18K Gold plating", None),
        ("925 Sterling Silver with Rose Gold plating", 925),
        ("18ct", 750),
        ("750/1000", 750),
        ("14 KT", 585),
        ("925", 925),
        ("عيار 21", 875),
        ("585er Gold", 585),
        ("S925", 925),
        ("Ag 925", 925),
        ("Pt950", 950),
        ("18KT", 750),
        ("18-karat", 750),
        ("92.5 % silver", 925),
        ("Sterling silver", 925),
        ("18K gold and steel", 750),
    ],
)
def test_a_purity_is_read_in_every_spelling_and_a_platings_is_not_the_pieces(text, per_mille):
    assert read_fineness(text) == per_mille


@pytest.mark.parametrize(
    "text", ["", "316L", "1.5 ct", "shiny", "14K and 18K", "18K gold, 925 silver", "50 % off"]
)
def test_what_states_no_single_purity_is_refused(text):
    with pytest.raises(UnreadableValueError):
        read_fineness(text)


def test_a_column_of_several_metals_keeps_the_one_purity_it_states():
    both = read_metal("18K Gold & Stainless Steel")

    assert (both.metal, both.several, both.fineness) == (None, ("gold", "stainless_steel"), 750)
    assert read_metal("18K gold, 925 silver").fineness is None
    assert read_metal("Pt950").metal == "platinum"


@pytest.mark.parametrize(
    ("text", "system", "inner_diameter"),
    [
        # ISO 8653 tables: circumference 54 is US 6 3/4 and 17.2 mm across; US 7 is 17.32 mm; UK N is 17.1 mm.
        ("EU 54", None, 17.19),
        ("54", None, 17.19),
        ("54 mm", None, 17.19),
        ("US 7", None, 17.32),
        ("US - 6 1/2", None, 16.92),
        ("7½", "us", 17.73),
        ("UK N", None, 17.11),
        ("M 1/2", None, 16.91),
        ("Z+1", None, 22.28),
        ("14", "minus_40", 17.19),
        ("16.5 mm", None, 16.5),
        ("Ring Diameter: 1.7 cm, Ring size: Indian - 12, US - 6", None, 16.51),
        ("US 7 / EU 54.5 / UK N 1/2", None, 17.35),
    ],
)
def test_a_ring_size_is_the_inside_of_the_ring(text, system, inner_diameter):
    lengths = read_ring_sizes(text, system)

    assert lengths["inner_diameter"] == inner_diameter
    assert lengths["inner_circumference"] == pytest.approx(inner_diameter * 3.14159, abs=0.02)


def test_several_sizes_are_the_least_and_the_greatest_and_adjustable_is_none():
    assert read_ring_sizes("50, 52, 54") == {
        "inner_diameter": 15.92, "inner_circumference": 50.0,
        "inner_diameter_max": 17.19, "inner_circumference_max": 54.0,
    }  # fmt: skip
    assert read_ring_sizes("Adjustable") == {}


@pytest.mark.parametrize("text", ["7", "Indian - 12", "large", "US 7 / EU 60", "US 60", "99", "7 1/0", ""])
def test_a_ring_size_that_no_system_explains_is_refused(text):
    with pytest.raises(UnreadableValueError):
        read_ring_sizes(text)


def test_karats_are_read_back_from_per_mille():
    assert [karat_of(750), karat_of(585), karat_of(583), karat_of(925)] == [18, 14, 14, None]


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("Approx 1.5-2 cm", {"size": 15.0, "size_max": 20.0}),
        ("45-50 cm (Adjustable)", {"size": 450.0, "size_max": 500.0}),
        ("45 cm + 5 cm", {"size": 450.0, "size_max": 500.0}),
        ("16 + 2 inches", {"size": 406.4, "size_max": 457.2}),
        ("4 cm x 3.1 cm", {"size": 40.0, "size_2": 31.0}),
        ("7", {"size": 7.0}),
        ("1 1/2 inches", {"size": 38.1}),
    ],
)
def test_lengths_keep_what_was_stated_as_least_greatest_and_sides(text, lengths):
    assert read_lengths(text, "size") == lengths


def test_a_text_that_names_its_measures_gives_each_by_its_name():
    text = (
        "Motif Height: 0.98 cm, Width: 0.63 cm, Length of Chain: 17.5 cm + 1 cm Adjustable, Ring size: US - 6"
    )

    lengths = read_labelled_lengths(text)

    assert lengths == {"motif_height": 9.8, "width": 6.3, "length": 175.0, "length_max": 185.0}


def test_weights_become_grams_and_impossible_ones_are_refused():
    assert [read_weight("3.2 g"), read_weight("0.5 oz"), read_weight("2 ct"), read_weight("7")] == [
        3.2,
        14.1748,
        0.4,
        7.0,
    ]
    for text in ("0 g", "900 kg", "heavy"):
        with pytest.raises(UnreadableValueError):
            read_weight(text)


@given(st.text(max_size=80))
def test_no_text_breaks_the_readers_of_measures_and_codes(text):
    for read in (
        read_weight,
        read_fineness,
        read_gtin,
        read_ring_sizes,
        lambda one: read_lengths(one, "size"),
    ):
        with suppress(UnreadableValueError):
            read(text)
    read_labelled_lengths(text)
    clean_part_number(text)


def test_spellings_of_one_gtin_agree():
    assert (
        read_gtin("036000291452")
        == read_gtin("0036000291452")
        == read_gtin("'0036-000291452")
        == "00036000291452"
    )


@pytest.mark.parametrize("text", ["036000291453", "8.90123E+12", "2012345678900", "00000000000000", "abc"])
def test_a_gtin_that_would_join_the_wrong_pieces_is_refused(text):
    with pytest.raises(UnreadableValueError):
        read_gtin(text)


def test_placeholders_are_no_part_numbers():
    assert [clean_part_number(one) for one in ("N/A", "-", " does not apply ", "ab  12")] == [
        None,
        None,
        None,
        "AB 12",
    ]


_HTML_PIECES = st.lists(
    st.sampled_from(
        [
            *(
                "<p>",
                "</p>",
                "<br/>",
                "<BR />",
                "<b>",
                "</b>",
                "</a>",
                "<li class=a>",
                "<div",
                "</ p>",
                "<p/>",
            ),
            *("Ring", " gold &amp; silver ", "&eacute;", "a < b", "5 &lt; 6", "\n", "&#8217;s", "> ", "<3"),
            *(
                "<!-- x -->",
                "<script>x</script>",
                "<style>p {}</style>",
                "<h1 data-x='1'>",
                '<a href="x > y">',
            ),
        ]
    ),
    max_size=12,
)


@given(_HTML_PIECES)
def test_the_short_way_through_markup_says_what_the_parser_says(pieces):
    text = "".join(pieces)
    bare = texts._without_plain_tags(text)
    words = texts._Words()
    words.feed(text)
    words.close()

    assert bare is None or texts._lines(bare) == texts._lines("".join(words.parts))
