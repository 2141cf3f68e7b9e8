"""``loupe keys add``, ``list`` and ``revoke``: keys of clients of the serving layer."""

from datetime import timedelta
from typing import Annotated

import typer

from orchestration.cli.session import print_json, session_of

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def add(
    context: typer.Context,
    client: Annotated[str, typer.Argument(help="Whose it is, as logs will name them.")],
    scope: Annotated[
        list[str], typer.Option(help="What it is for: search, events, metrics or admin; repeat for several.")
    ],
    per_second: Annotated[
        float | None, typer.Option(help="Requests per second; default: serving.access.per_second.", min=0.001)
    ] = None,
    burst: Annotated[
        int | None, typer.Option(help="Requests at once; default: serving.access.burst.", min=1)
    ] = None,
    days: Annotated[
        int | None, typer.Option(help="How long it counts; default: until it is revoked.", min=1)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key for a client.  It is shown once; only a digest of it is stored."""
    from orchestration.resources import engine_for, utc_now
    from serving.guards.key_records import add_key
    from serving.guards.keys import ApiKey, scopes_of

    if not 0 < len(client.strip()) <= 64 or not client.isprintable():
        message = f"{client!r} cannot be a client's name: give 1 to 64 printable characters"
        raise typer.BadParameter(message)
    key, now = ApiKey.create(), utc_now()
    add_key(
        engine_for(session_of(context).settings.database_url),
        key,
        client=client.strip(),
        scopes=scopes_of(scope),
        created_at=now,
        per_second=per_second,
        burst=burst,
        expires_at=None if days is None else now + timedelta(days=days),
    )
    if as_json:
        print_json({"client": client.strip(), "key_id": key.key_id, "key": key.text})
        return
    typer.echo(key.text)
    typer.echo("\nIt is shown this once: hand it to the client, who sends it with every request as", err=True)
    typer.echo(f"Authorization: Bearer loupe_{key.key_id}_…", err=True)


def list_keys(context: typer.Context, as_json: AsJson = False) -> None:
    """List clients' keys: whose, for what, since when, until when.  Never the keys themselves."""
    from orchestration.resources import engine_for, utc_now
    from serving.guards.key_records import read_keys

    now = utc_now()
    found = [
        {
            "key_id": one.key_id,
            "client": one.client,
            "scopes": sorted(one.scopes),
            "per_second": one.per_second,
            "burst": one.burst,
            "created_at": one.created_at,
            "expires_at": one.expires_at,
            "revoked_at": one.revoked_at,
            "counts": one.counts(now),
        }
        for one in read_keys(engine_for(session_of(context).settings.database_url))
    ]
    if as_json:
        print_json({"keys": found})
        return
    for one in found:
        state = "counts" if one["counts"] else "revoked" if one["revoked_at"] else "ended"
        scopes = " ".join(one["scopes"])
        typer.echo(f"{one['key_id']}  {state:7}  {one['created_at']:%Y-%m-%d}  {scopes:28}  {one['client']}")
    if not found:
        typer.echo("no client has a key: `loupe keys add NAME --scope search` makes one")


def revoke(
    context: typer.Context,
    key_id: Annotated[str, typer.Argument(help="As `loupe keys list` names it.")],
    as_json: AsJson = False,
) -> None:
    """Revoke a client's key; serving processes notice within serving.poll_seconds."""
    from orchestration.resources import engine_for, utc_now
    from serving.guards.key_records import revoke_key

    revoke_key(engine_for(session_of(context).settings.database_url), key_id, revoked_at=utc_now())
    if as_json:
        print_json({"revoked": key_id})
        return
    typer.echo(f"{key_id} is revoked")
