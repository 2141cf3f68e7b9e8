"""Where sources contradict each other: whose word counts, and why."""

import pytest
import sqlalchemy as sa
from catalogue_rows import KINDS, START, listing, put_listings

from catalog.cross_reference import cross_reference
from catalog.decisions import Decision, record, take_back
from catalog.pieces import resolve_pieces
from catalog.source_trust import PRIORS, Trust
from catalog.tables import disagreements, pieces, source_trust


def said_of_one_piece(field, **words):
    """A piece whose sources say these words on a field, in this order of age."""
    return [listing(feed, number, **{field: word}) for number, (feed, word) in enumerate(words.items(), 1)]


def decided(subject, decision, evidence=None, number=1):
    return Decision(
        decision_id=number, kind="contradiction", subject=subject, decision=decision, who="anna",
        why="the hallmark says so", evidence=evidence or {}, decided_at=START,
    )  # fmt: skip


@pytest.mark.parametrize("field", ["metal", "fineness", "dimensions_mm", "stones"])
def test_a_maker_is_believed_before_a_shop_and_a_shop_before_a_customer(field):
    trust = [PRIORS[kind][field] for kind in ("manufacturer", "retailer", "community")]

    assert trust == sorted(set(trust), reverse=True)


def test_trust_is_the_mean_of_the_posterior():
    assert Trust(kind="retailer", field="metal").value == 0.85
    assert Trust(kind="retailer", field="metal", agreed=3, disagreed=7).value == round((25.5 + 3) / 40, 4)


def test_the_word_of_the_most_trusted_source_counts_and_the_row_says_why():
    members = said_of_one_piece("fineness", people=585, maison=750, maker=585)

    found = cross_reference({"p": members}, KINDS)

    row = found.disagreements[("p", "fineness")]
    assert row.said == {"people:1": 585, "maison:2": 750, "maker:3": 585}
    assert row.counts == "maker:3"
    assert row.why.startswith("trust in fineness: maker 0.95 (manufacturer, right in 1 of 1 contests)")


def test_among_equals_more_sources_count_then_the_earlier_listing():
    two_to_one = said_of_one_piece("metal", maison="silver", studio="gold", boutique="gold")
    one_to_one = said_of_one_piece("metal", maison="silver", studio="gold")

    # The majority won a contest, too: its sources are trusted more.  Here nothing but the votes differ.
    both = cross_reference({"p": two_to_one, "q": one_to_one}, KINDS)
    alone = cross_reference({"q": one_to_one}, KINDS)

    assert both.disagreements[("p", "metal")].counts == "studio:2"
    assert alone.disagreements[("q", "metal")].counts == "maison:1"


def test_a_maker_that_is_outvoted_again_and_again_is_no_longer_believed():
    contests = {
        f"p{number}": said_of_one_piece("metal", maker="brass", maison="gold", studio="gold")
        for number in range(20)
    }

    first = cross_reference({"p0": contests["p0"]}, KINDS)
    last = cross_reference(contests, KINDS)

    assert first.disagreements[("p0", "metal")].counts == "maker:1"
    assert last.disagreements[("p0", "metal")].counts == "maison:2"
    assert last.trust[("maker", "metal")].disagreed == 20
    assert last.trust[("maker", "stones")].value == PRIORS["manufacturer"]["stones"]


def test_agreement_and_contests_without_an_outcome_teach_nothing():
    agreed = said_of_one_piece("metal", maison="gold", studio="gold", boutique="gold")
    open_contest = said_of_one_piece("metal", maison="gold", studio="silver")

    found = cross_reference({"p": agreed, "q": open_contest}, KINDS)

    assert {one.agreed + one.disagreed for one in found.trust.values()} == {0}


def test_a_source_that_measures_something_else_neither_wins_nor_loses():
    members = said_of_one_piece(
        "dimensions_mm",
        maison={"width": 4.0},
        studio={"width": 4.0, "diameter": 17.0},
        boutique={"width": 5.0},
        maker={"diameter": 17.0},
        people={"width": 4.0},
    )

    trust = cross_reference({"p": members}, KINDS).trust

    seen = {
        feed: (one.agreed, one.disagreed) for (feed, field), one in trust.items() if field == "dimensions_mm"
    }
    assert seen == {"maison": (1, 0), "studio": (1, 0), "people": (1, 0), "boutique": (0, 1), "maker": (0, 0)}


@pytest.mark.parametrize("right", ["maison:2", "maison"])
def test_a_person_outranks_trust_and_teaches_it(right):
    members = said_of_one_piece("metal", maker="brass", maison="gold")

    found = cross_reference({"p": members}, KINDS, [decided(("p", "metal"), right)])

    row = found.disagreements[("p", "metal")]
    assert (row.counts, row.why) == ("maison:2", "decided by anna on 2026-01-05: the hallmark says so")
    assert found.trust[("maison", "metal")].agreed == found.trust[("maker", "metal")].disagreed == 1


def test_when_nobody_is_right_no_word_counts_and_all_were_wrong():
    members = said_of_one_piece("category", maker="ring", maison="brooch")

    found = cross_reference({"p": members}, KINDS, [decided(("p", "category"), "none")])

    assert found.disagreements[("p", "category")].counts is None
    assert found.word("p", "category", members) is None
    assert found.trust[("maker", "category")].disagreed == found.trust[("maison", "category")].disagreed == 1


@pytest.mark.parametrize(
    ("decision", "now"),
    [
        ("maison:2", {"maker": "brass", "maison": "silver"}),  # says something else than it did
        ("studio:3", {"maker": "brass", "maison": "gold"}),  # has left the piece
        ("none", {"maker": "brass", "maison": "silver"}),  # a word that nobody had given
    ],
)
def test_a_decision_no_longer_answers_when_what_it_was_about_has_changed(decision, now):
    then = {"said": {"maker:1": "brass", "maison:2": "gold"}}

    found = cross_reference(
        {"p": said_of_one_piece("metal", **now)}, KINDS, [decided(("p", "metal"), decision, then)]
    )

    assert found.disagreements[("p", "metal")].counts == "maker:1"


def prices(*offers):
    members = [
        listing(feed, number, price_minor=price, currency=currency)
        for number, (feed, price, currency) in enumerate(offers, 1)
    ]
    return cross_reference({"p": members}, KINDS).disagreements.get(("p", "price"))


def test_a_price_beyond_the_factor_is_recorded_and_nobodys_word_counts():
    row = prices(("maison", 119_000, "EUR"), ("studio", 121_000, "EUR"), ("boutique", 1_190_000, "EUR"))

    assert row.counts is None
    assert row.why == "beyond a factor of 3: boutique:3 asks 11900.00 EUR, others 1190.00 EUR"
    assert row.said["maison:1"] == {"price_minor": 119_000, "currency": "EUR"}


def test_prices_within_the_factor_or_in_other_currencies_are_nobodys_business():
    assert prices(("maison", 100_00, "EUR"), ("maker", 300_00, "EUR")) is None
    assert prices(("maison", 100_00, "EUR"), ("studio", 100_000, "JPY")) is None


def test_withdrawn_offers_are_not_compared():
    members = [
        listing("maison", 1, price_minor=100, currency="EUR"),
        listing("studio", 2, price_minor=900, currency="EUR", withdrawn_at=START),
    ]

    assert cross_reference({"p": members}, KINDS).disagreements == {}


def test_a_pieces_own_words_follow_the_trusted_source(engine):
    same = {"gtin": "1"}
    put_listings(
        engine,
        listing("people", 1, title="my lovely thing", category="brooch", brand="Nord", **same),
        listing("maison", 2, title="Ring Aurora", category="ring", **same),
        listing("maker", 3, title="AUR-7", category="ring", brand="NORD", **same),
    )

    resolve_pieces(engine, "shop")

    with engine.connect() as connection:
        row = connection.execute(sa.select(pieces)).one()
    # Brands that differ in spelling alone contradict nobody: the first one stated stays.
    assert (row.title, row.category, row.brand) == ("Ring Aurora", "ring", "Nord")


def rows_of(engine):
    with engine.connect() as connection:
        said = {row.field: (row.counts, row.why) for row in connection.execute(sa.select(disagreements))}
        trust = {(row.feed, row.field): row.trust for row in connection.execute(sa.select(source_trust))}
    return said, trust


def test_trust_and_words_are_stored_follow_decisions_and_are_written_once(engine):
    put_listings(
        engine,
        listing("maker", 1, gtin="1", metal="brass", price_minor=100, currency="EUR"),
        listing("maison", 2, gtin="1", metal="gold", price_minor=900, currency="EUR"),
    )
    resolve_pieces(engine, "shop")
    said, trust = rows_of(engine)
    with engine.connect() as connection:
        piece_id = connection.execute(sa.select(pieces.c.piece_id)).scalar_one()
    assert said["metal"][0] == "maker:1"
    assert said["price"] == (None, "beyond a factor of 3: maker:1 asks 1.00 EUR, others 9.00 EUR; "
                                   "maison:2 asks 9.00 EUR, others 1.00 EUR")  # fmt: skip
    assert trust[("maker", "metal")] == 0.95

    about = {"kind": "contradiction", "subject": (piece_id, "metal"), "who": "anna", "decided_at": START}
    record(engine, "shop", decision="maison", why="the hallmark", **about)
    assert resolve_pieces(engine, "shop").changed == 3  # the row, and the trust in both
    assert rows_of(engine)[0]["metal"][0] == "maison:2"
    assert resolve_pieces(engine, "shop").changed == 0

    take_back(engine, "shop", why="a mistake", **about)
    resolve_pieces(engine, "shop")
    assert rows_of(engine) == (said, trust)


def test_a_decision_follows_its_piece_into_the_one_it_was_merged_with(engine):
    apart = [
        listing("studio", 1, metal="gold"),
        listing("maker", 2, gtin="1", metal="brass"),
        listing("maison", 3, gtin="1", metal="gold"),
    ]
    put_listings(engine, *apart)
    resolve_pieces(engine, "shop")
    with engine.connect() as connection:
        [piece_id] = connection.execute(sa.select(disagreements.c.piece_id)).scalars()
    record(
        engine, "shop", kind="contradiction", subject=(piece_id, "metal"), decision="maison:3", who="anna",
        why="the hallmark", decided_at=START,
    )  # fmt: skip

    record(
        engine, "shop", kind="join", subject=("studio:1", "maker:2"), decision="same", who="anna", why="seen",
        decided_at=START,
    )  # fmt: skip
    resolve_pieces(engine, "shop")

    with engine.connect() as connection:
        row = connection.execute(sa.select(disagreements)).one()
    assert row.piece_id != piece_id
    assert row.counts == "maison:3"
