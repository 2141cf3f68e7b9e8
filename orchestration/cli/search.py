"""``loupe search``: words, a picture or a piece against what is promoted."""

from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from orchestration.cli.session import Session, print_json, session_of

if TYPE_CHECKING:
    from serving.searching import Answer

Values = Annotated[list[str] | None, typer.Option()]


def search(
    context: typer.Context,
    text: Annotated[str | None, typer.Option(help="Words to look for.")] = None,
    image: Annotated[Path | None, typer.Option(help="A picture to look for.")] = None,
    like: Annotated[str | None, typer.Option(help="A piece id: more like this.")] = None,
    collection: Annotated[str | None, typer.Option("--collection", "-c")] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="How many pieces.")] = 10,
    category: Values = None,
    source: Values = None,
    brand: Values = None,
    metal: Values = None,
    stone: Values = None,
    cold: Annotated[bool, typer.Option("--cold", help="Ask the cold tier too.")] = False,
    sheet: Annotated[Path | None, typer.Option(help="Also draw the answer's pictures, as WebP.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Search the promoted snapshot by --text, --image or --like, optionally filtered."""
    from index_builds.filters import SnapshotFilter
    from index_builds.tiers import SERVED, TIERS
    from orchestration.resources import encoder_loader, open_objects, snapshot_store
    from serving.errors import QueryError
    from serving.searching import open_collection

    session = session_of(context)
    if sum(one is not None for one in (text, image, like)) != 1:
        message = "say what to search by: exactly one of --text, --image or --like"
        raise QueryError(message)
    asked = {"category": category, "source": source, "brand": brand, "metal": metal, "stone": stone}
    where = SnapshotFilter(**{name: tuple(values) for name, values in asked.items() if values})
    tiers = TIERS if cold else SERVED
    opened = open_collection(
        snapshot_store(session.settings), session.chosen(collection), encoder_loader(session.settings)
    )
    picture = None if image is None else _bytes_of(image)
    if text is not None:
        answer = opened.by_text(text, k, where, tiers)
    elif picture is not None:
        answer = opened.by_image(picture, k, where, tiers)
    else:
        answer = opened.like(str(like), k, where, tiers)
    if sheet is not None:
        from orchestration.cli.search_sheet import write_sheet

        write_sheet(sheet, answer.hits, open_objects(session.settings), picture)
    if as_json:
        print_json(asdict(answer))
    else:
        _print(session, answer)


def _bytes_of(path: Path) -> bytes:
    from serving.errors import QueryError

    try:
        return path.read_bytes()
    except OSError as error:
        message = f"picture {path} cannot be read: {error.strerror}"
        raise QueryError(message) from error


def _print(session: Session, answer: "Answer") -> None:
    from vision.known_words import named_with_hints

    if answer.unknown_words:
        named = escape(named_with_hints(answer.unknown_words, answer.near_words))
        session.console.print(f"[yellow]The encoder has never seen: {named}. Searched without.[/yellow]")
    table = Table(box=None, header_style="dim")
    for heading in ("score", "piece", "title", "offers"):
        table.add_column(heading, justify="right" if heading == "score" else "left")
    for hit in answer.hits:
        table.add_row(f"{hit.score:.3f}", hit.piece_id, escape(hit.title), escape(_offers(hit.listings)))
    session.console.print(table)
    if session.settings.encoder.seed is not None:
        session.console.print(
            "[yellow]This encoder was never trained (encoder.seed): the ranking means nothing.[/yellow]"
        )


def _offers(listings: tuple[dict, ...]) -> str:
    from babel.numbers import format_currency, get_currency_precision

    shown = []
    for one in listings:
        if one["price_minor"] is None or one["currency"] is None:
            shown.append(one["source"])
            continue
        amount = Decimal(one["price_minor"]).scaleb(-get_currency_precision(one["currency"]))
        shown.append(f"{one['source']} {format_currency(amount, one['currency'], locale='en')}")
    return ", ".join(shown)
