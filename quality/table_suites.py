"""Which rows of the catalogue are held to which rules: what checks and the documentation both ask."""

from collections.abc import Sequence

from sqlalchemy import Engine

from catalog.declarations import FeedDeclaration
from catalog.frames import (
    image_references_frame,
    listings_frame,
    pieces_frame,
    prices_frame,
    verdicts_frame,
)
from quality.remembered_results import Validate
from quality.schemas import (
    FAILED_REFERENCES,
    FETCHED_REFERENCES,
    IMAGE_REFERENCES,
    LISTINGS,
    PIECES,
    PRICE_HISTORY,
    PRICED_LISTINGS,
    VERDICTS,
    TableRules,
)
from quality.suite_results import SuiteResult

WHOLE = "the collection"


def collection_results(
    engine: Engine, collection: str, declarations: Sequence[FeedDeclaration], validate: Validate
) -> dict[str, list[SuiteResult]]:
    """Hold everything that a collection has against its rules: per feed, then its pieces and pictures."""
    found = {
        one.name: [
            *listings_results(engine, collection, one, validate),
            *prices_results(engine, collection, one, validate),
            *references_results(engine, collection, one, validate),
        ]
        for one in declarations
    }
    whole = [*pieces_results(engine, collection, validate), *verdicts_results(engine, collection, validate)]
    return {**found, WHOLE: whole}


def listings_results(
    engine: Engine, collection: str, declaration: FeedDeclaration, validate: Validate
) -> list[SuiteResult]:
    """Hold one feed's live listings, and those with a price, against what its kind owes."""
    suites = (LISTINGS, PRICED_LISTINGS)
    frame = listings_frame(engine, collection, declaration.name, _read(*suites))
    return [validate(frame, rules, declaration.kind, declaration.name) for rules in suites]


def references_results(
    engine: Engine, collection: str, declaration: FeedDeclaration, validate: Validate
) -> list[SuiteResult]:
    """Hold the picture references of one feed against what its kind owes."""
    suites = (IMAGE_REFERENCES, FETCHED_REFERENCES, FAILED_REFERENCES)
    frame = image_references_frame(engine, collection, declaration.name, _read(*suites))
    return [validate(frame, rules, declaration.kind, declaration.name) for rules in suites]


def prices_results(
    engine: Engine, collection: str, declaration: FeedDeclaration, validate: Validate
) -> list[SuiteResult]:
    """Hold the price history of one feed's listings against its rules."""
    frame = prices_frame(engine, collection, declaration.name, PRICE_HISTORY.read())
    return [validate(frame, PRICE_HISTORY, declaration.kind, declaration.name)]


def pieces_results(engine: Engine, collection: str, validate: Validate) -> list[SuiteResult]:
    """Hold a collection's pieces against their rules."""
    return [validate(pieces_frame(engine, collection, PIECES.read()), PIECES, None, WHOLE)]


def verdicts_results(engine: Engine, collection: str, validate: Validate) -> list[SuiteResult]:
    """Hold the verdicts on a collection's pictures against their rules."""
    return [validate(verdicts_frame(engine, collection, VERDICTS.read()), VERDICTS, None, WHOLE)]


def _read(*suites: TableRules) -> tuple[str, ...]:
    return tuple(dict.fromkeys(column for rules in suites for column in rules.read()))
