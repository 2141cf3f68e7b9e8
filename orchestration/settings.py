"""The one settings object: ``loupe.yaml`` overlaid with ``LOUPE_*`` variables.

Nothing else in the code reads the environment.  Each room declares the settings of its own subject; this
module composes them, finds the file, resolves paths against it, and turns every mistake into one sentence
that names the key, its place and what would be right.
"""

import difflib
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo

from catalog.attributes.settings import EnrichmentSettings
from catalog.declarations import FeedDeclaration, Name
from catalog.demand import DemandSettings
from catalog.events.settings import EventSettings
from index_builds.settings import (
    GateSettings,
    IndexSettings,
    RetentionSettings,
    SigningSettings,
    TierSettings,
)
from serving.settings import ServingSettings
from vision.channels.selection import CHANNELS, ChannelName
from vision.encoders import EncoderSettings

CONFIG_VARIABLE = "LOUPE_CONFIG"
PREFIX = "LOUPE_"
SECRETS = frozenset(
    {"secret_access_key", "database_url", "contributor_key", "private_key", "cache_url", "pseudonym_key"}
)  # never repeated in a message


class SettingsError(Exception):
    """The settings cannot be used; every line names a key, its place, and what would be right."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ImageSettings(_Strict):
    """How pictures are fetched and worked on."""

    workers: int = Field(default=8, ge=1, le=64)
    attempts: int = Field(default=5, ge=1)  # of a transient failure, over all runs


class CollectionSettings(_Strict):
    """A catalogue with its own feeds, snapshots and promoted index."""

    label: str = ""
    # What trends are stated in: prices are converted by the collection's feed of kind rates.
    reporting_currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None
    feeds: tuple[FeedDeclaration, ...]

    @field_validator("feeds")
    @classmethod
    def _distinct(cls, feeds: tuple[FeedDeclaration, ...]) -> tuple[FeedDeclaration, ...]:
        if not feeds:
            message = "a collection needs at least one feed"
            raise ValueError(message)
        names = [feed.name for feed in feeds]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            message = f"two feeds are named {', '.join(twice)}: names are unique within a collection"
            raise ValueError(message)
        return feeds


class SampleSettings(_Strict):
    """The sample house that ``loupe demo`` writes before it runs; null where there is none."""

    folder: str
    pieces: int = Field(default=300, ge=12)
    days: int = Field(default=30, ge=1)
    seed: int = 7
    size_px: int = Field(default=640, ge=192)


class S3Settings(_Strict):
    """Where S3 is when it is not Amazon's; credentials come from boto3's own chain unless given."""

    endpoint_url: str | None = None
    region_name: str | None = None
    access_key_id: str | None = None
    secret_access_key: SecretStr | None = None


class Settings(_Strict):
    """Everything that can be set.  Paths are absolute once loaded."""

    home: str = ".loupe"
    dagster_home: str = ""  # default: a folder in the home folder
    database_url: str = ""  # default: SQLite in the home folder
    object_store_url: str = ""  # default: a folder in the home folder; s3://bucket/prefix in production
    encoder: EncoderSettings
    next_encoder: EncoderSettings | None = None  # what `loupe reembed` tries when it is told no other
    channels: tuple[ChannelName, ...] = CHANNELS  # what pictures are described in, beside `visual`
    embedding_shards: Annotated[int, Field(ge=1, le=4096)] = 16
    first_day: date = date(2026, 1, 1)  # the first partition; deliveries are received from then on
    collections: dict[Name, CollectionSettings] = Field(min_length=1)
    default_collection: str = ""
    tiers: TierSettings = TierSettings()
    demand: DemandSettings = DemandSettings()
    events: EventSettings = EventSettings()
    gate: GateSettings = GateSettings()
    retention: RetentionSettings = RetentionSettings()
    signing: SigningSettings = SigningSettings()
    images: ImageSettings = ImageSettings()
    enrichment: EnrichmentSettings = EnrichmentSettings()
    serving: ServingSettings = ServingSettings()
    s3: S3Settings = S3Settings()
    sample: SampleSettings | None = None
    # The key of contributors' pseudonyms; without it none is kept.  Another key gives everybody another one.
    contributor_key: Annotated[SecretStr, Field(min_length=16)] | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("channels")
    @classmethod
    def _named_once(cls, channels: tuple[ChannelName, ...]) -> tuple[ChannelName, ...]:
        twice = sorted({name for name in channels if channels.count(name) > 1})
        if twice:
            message = f"{', '.join(twice)} stands there twice: name every channel once"
            raise ValueError(message)
        return channels

    @model_validator(mode="after")
    def _default_collection_exists(self) -> "Settings":
        if self.default_collection and self.default_collection not in self.collections:
            message = (
                f"default_collection {self.default_collection!r} is none of {', '.join(self.collections)}"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _index_settings_fit(self) -> "Settings":
        IndexSettings(tiers=self.tiers, gate=self.gate, retention=self.retention)
        return self

    @property
    def home_path(self) -> Path:
        """The folder that everything local lives in."""
        return Path(self.home)

    @property
    def collection(self) -> str:
        """The collection that a command without ``--collection`` means."""
        return self.default_collection or next(iter(self.collections))

    def feed(self, collection: str, name: str) -> FeedDeclaration:
        """Return one feed's declaration; raise SettingsError naming the ones there are."""
        for declaration in self.collection_named(collection).feeds:
            if declaration.name == name:
                return declaration
        known = ", ".join(feed.name for feed in self.collections[collection].feeds)
        message = f"collection {collection} has no feed {name!r}: it has {known}"
        raise SettingsError(message)

    def collection_named(self, name: str) -> CollectionSettings:
        """Return one collection's settings; raise SettingsError naming the ones there are."""
        if name not in self.collections:
            message = f"there is no collection {name!r}: loupe.yaml has {', '.join(self.collections)}"
            raise SettingsError(message)
        return self.collections[name]


def load_settings(path: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Read ``loupe.yaml`` and the ``LOUPE_*`` variables.

    Args:
        path: The file; default: ``LOUPE_CONFIG``, else ``loupe.yaml`` in this folder or the nearest one above
        it.
        environment: Variables; default: the process's.

    Raises:
        SettingsError: With one line per mistake.
    """
    variables = os.environ if environment is None else environment
    path = find_settings(path, variables)
    try:
        text = path.read_text(encoding="utf-8")
        document = yaml.safe_load(text)
        lines = dict(_lines(yaml.compose(text, Loader=yaml.SafeLoader)))
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise SettingsError(message) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path} line {mark.line + 1}" if mark else str(path)
        message = f"{where}: is not YAML: {getattr(error, 'problem', None) or error}"
        raise SettingsError(message) from error
    if not isinstance(document, dict):
        message = f"{path}: must be a mapping that starts with keys such as home, encoder and collections"
        raise SettingsError(message)
    origins = {key: f"{path.name} line {line}" for key, line in lines.items()}
    origins[()] = path.name
    for variable, keys, value in _variables(variables):
        _overlay(document, keys, value, variable)
        origins[keys] = variable
    try:
        settings = Settings.model_validate(document)
    except ValidationError as error:
        raise SettingsError("\n".join(_sentences(error, origins))) from None
    return _resolved(settings, path.parent.resolve())


def find_settings(path: Path | None = None, environment: Mapping[str, str] | None = None) -> Path:
    """Return the file that ``load_settings`` reads, or raise SettingsError saying how to name one."""
    variables = os.environ if environment is None else environment
    if path is None and variables.get(CONFIG_VARIABLE):
        path = Path(variables[CONFIG_VARIABLE])
    if path is not None:
        if path.is_file():
            return path
        message = f"there is no settings file {path}: name one with --config or {CONFIG_VARIABLE}"
        raise SettingsError(message)
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "loupe.yaml").is_file():
            return folder / "loupe.yaml"
    message = f"no loupe.yaml in {here} or above it: name one with --config or {CONFIG_VARIABLE}"
    raise SettingsError(message)


def _lines(node: yaml.Node | None, at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*at, str(key.value)), key.start_mark.line + 1
            yield from _lines(value, (*at, str(key.value)))
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield (*at, str(number)), value.start_mark.line + 1
            yield from _lines(value, (*at, str(number)))


def _variables(variables: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    """``LOUPE_ENCODER__PRECISION=float32`` sets ``encoder.precision``; values are read as YAML scalars."""
    for variable in sorted(variables):
        if not variable.startswith(PREFIX) or variable == CONFIG_VARIABLE:
            continue
        keys = tuple(variable.removeprefix(PREFIX).lower().split("__"))
        if keys[0] not in Settings.model_fields:
            known = [PREFIX + name.upper() for name in Settings.model_fields]
            message = f"{variable}: is no setting{_nearest(variable, known)}"
            raise SettingsError(message)
        yield variable, keys, _typed(keys, variables[variable])


def _typed(keys: tuple[str, ...], text: str) -> Any:
    """Read a variable as YAML, unless the setting is text: a URL or a date is not a number with a comment."""
    field = _field_at(keys)
    if field is not None and field.annotation in (str, str | None, date, SecretStr | None, Path | None):
        return text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def _field_at(keys: tuple[str, ...]) -> FieldInfo | None:
    model: type[BaseModel] | None = Settings
    field: FieldInfo | None = None
    for key in keys:
        field = model.model_fields.get(key) if model else None
        if field is not None:  # other keys are the names of a mapping or the positions of a list
            model = _model_within(field.annotation)
    return field


def _overlay(document: dict[str, Any], keys: tuple[str, ...], value: Any, variable: str) -> None:
    place = document
    for key in keys[:-1]:
        inner = place.setdefault(key, {})
        if not isinstance(inner, dict):
            message = f"{variable}: {key} is no mapping, so {keys[-1]} cannot be set within it"
            raise SettingsError(message)
        place = inner
    place[keys[-1]] = value


def _sentences(error: ValidationError, origins: Mapping[tuple[str, ...], str]) -> Iterator[str]:
    for problem in error.errors():
        at = tuple(str(part) for part in problem["loc"])
        origin = next(origins[at[:length]] for length in range(len(at), -1, -1) if at[:length] in origins)
        key = ".".join(at) or "the whole"
        given = "(not shown)" if set(at) & SECRETS else problem["input"]
        match problem["type"]:
            case "missing":
                said = "is missing"
            case "extra_forbidden":
                said = f"is no setting{_nearest(at[-1], _siblings(at))}"
            case "literal_error":
                expected = problem["ctx"]["expected"]
                said = f"{given!r} is none of {expected}{_nearest(str(given), _expected(problem))}"
            case "value_error":
                said = problem["msg"].removeprefix("Value error, ")
            case _:
                shown = f"{given!r}: " if isinstance(given, str | int | float | bool | None) else ""
                said = f"{shown}{problem['msg'][0].lower()}{problem['msg'][1:]}"
        yield f"{origin}: {key}: {said}"


def _expected(problem: Any) -> list[str]:
    return [part.strip("' ") for part in problem["ctx"]["expected"].replace(" or ", ",").split(",")]


def _siblings(at: tuple[str, ...]) -> list[str]:
    """Names that would be right where ``at`` ends."""
    model: type[BaseModel] | None = Settings
    for part in at[:-1]:
        if model is None:
            return []
        if part in model.model_fields:  # other parts are the keys of a mapping or the positions of a list
            model = _model_within(model.model_fields[part].annotation)
    return list(model.model_fields) if model else []


def _model_within(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _model_within(inner))), None)


def _nearest(given: str, known: list[str]) -> str:
    close = difflib.get_close_matches(given, known, n=1)
    return f": did you mean {close[0]}?" if close else f": there are {', '.join(known)}" if known else ""


def _resolved_encoder(encoder: EncoderSettings, local: Callable[[str], str]) -> EncoderSettings:
    model = encoder.model
    if encoder.kind == "architecture":
        model = local(model)
    elif encoder.kind == "folder":
        model = f"local-dir:{local(model.removeprefix('local-dir:'))}"
    checkpoint = encoder.checkpoint and Path(local(str(encoder.checkpoint)))
    return encoder.model_copy(update={"model": model, "checkpoint": checkpoint})


def _resolved(settings: Settings, base: Path) -> Settings:
    def local(value: str) -> str:
        return value if "://" in value else str((base / Path(value).expanduser()).resolve())

    def feed(declaration: FeedDeclaration) -> FeedDeclaration:
        images = local(declaration.images) if declaration.images else None
        files = local(declaration.attachments) if declaration.attachments else None
        places = {"location": local(declaration.location), "images": images, "attachments": files}
        return declaration.model_copy(update=places)

    home = Path(local(settings.home))
    collections = {
        name: collection.model_copy(update={"feeds": tuple(feed(one) for one in collection.feeds)})
        for name, collection in settings.collections.items()
    }
    sample = settings.sample and settings.sample.model_copy(update={"folder": local(settings.sample.folder)})
    return settings.model_copy(
        update={
            "home": str(home),
            "dagster_home": local(settings.dagster_home) if settings.dagster_home else str(home / "dagster"),
            "database_url": settings.database_url or f"sqlite:///{home / 'catalogue.db'}",
            "object_store_url": local(settings.object_store_url)
            if settings.object_store_url
            else str(home / "objects"),
            "encoder": _resolved_encoder(settings.encoder, local),
            "next_encoder": settings.next_encoder and _resolved_encoder(settings.next_encoder, local),
            "serving": settings.serving.model_copy(
                update={
                    "copies": local(settings.serving.copies)
                    if settings.serving.copies
                    else str(home / "serving"),
                    "delivery": settings.serving.delivery.model_copy(
                        update={
                            "cdn_private_key_file": (key := settings.serving.delivery.cdn_private_key_file)
                            and local(key)
                        }
                    ),
                }
            ),
            "signing": settings.signing.model_copy(update={"private_key_file": local(key_file)})
            if (key_file := settings.signing.private_key_file)
            else settings.signing,
            "collections": collections,
            "sample": sample,
        }
    )
