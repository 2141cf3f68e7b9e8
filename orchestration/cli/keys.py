"""``loupe keys``: make a key that signs snapshots, show which keys count; and the keys of clients."""

from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli import client_keys
from orchestration.cli.session import print_json, session_of

app = typer.Typer(
    help="Keys that sign snapshots (create, show), and keys of API clients (add, list, revoke).",
    no_args_is_help=True,
)
app.command("add")(client_keys.add)
app.command("list")(client_keys.list_keys)
app.command("revoke")(client_keys.revoke)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.command("create")
def create(
    file: Annotated[Path, typer.Argument(help="A new file; its owner alone may read it.")],
    as_json: AsJson = False,
) -> None:
    """Make an Ed25519 key in a new file, and print its public key."""
    from index_builds.signing import SigningKey

    key = SigningKey.create()
    key.write(file)
    if as_json:
        print_json({"file": str(file), "public_key": str(key.public), "key_id": key.public.key_id})
        return
    typer.echo(f"{key.public}\n")
    typer.echo(f"signing.private_key_file: {file}   where snapshots are built and promoted; nowhere else")
    typer.echo("signing.trusted_keys: the line above, wherever snapshots are read")


@app.command("show")
def show(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="A key file; default: what the settings name.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the public key of a key file, or the keys of the settings."""
    from index_builds.signing import PublicKey, SigningKey, open_signing
    from orchestration.resources import utc_now

    if file is not None:
        own, trusted = SigningKey.from_file(file).public, []
    else:
        settings = session_of(context).settings.signing
        signing = open_signing(settings, utc_now)
        trusted = [PublicKey.parse(one) for one in settings.trusted_keys]
        own = signing.load_key().public if signing is not None and signing.load_key is not None else None
    if as_json:
        keys = [{"public_key": str(one), "key_id": one.key_id} for one in trusted]
        print_json({"signs": own and str(own), "key_id": own and own.key_id, "trusted": keys})
        return
    typer.echo(f"signs   {own}  {own.key_id[:12]}" if own else "signs   nothing: no private key is set")
    for one in trusted:
        typer.echo(f"trusts  {one}  {one.key_id[:12]}")
    if file is None and not trusted:
        typer.echo("trusts  anybody: signing.trusted_keys is empty, so no signature is demanded")
