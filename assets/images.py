"""Pictures of a collection: fetched, looked at, judged, rendered.  One partition per collection."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import dagster as dg
from sqlalchemy import Engine

from assets.bounds import WorkBounds
from assets.failures import TRANSIENT
from assets.pieces import OVER_ALL
from assets.schemas import schema_metadata
from catalog import tables
from catalog.declarations import FeedDeclaration, FeedRegistry
from catalog.held import new_pictures, settle_pictures
from catalog.image_fetching import FetchedImage, WantedImage, fetch_images
from catalog.image_ledger import (
    Fetched,
    RenditionFile,
    RenditionSet,
    Seen,
    judge_pictures,
    locations_to_fetch,
    look_at_pictures,
    record_fetched,
    refused_images,
    render_pictures,
)
from catalog.locations import LocationAccess
from catalog.picture_flags import FLAG_RULES_VERSION, flag_pictures
from catalog.picture_relations import RELATION_RULES_VERSION, PhotographEye, Way, relate_pictures
from catalog.picture_roles import ROLES_VERSION
from catalog.review.calibration import as_table, picture_calibration
from catalog.role_ledger import assign_roles
from catalog.searchable import as_parquet
from catalog.searchable import searchable_images as searchable_images_of
from quality.contact_sheets import as_markdown
from quality.image_rules import RULES_VERSION, judge_image
from quality.refused import refused_by_reason
from storage.objects import ObjectStore, digest_key, sha256_hex
from vision.decoding import decode
from vision.errors import UnreadableImageError
from vision.geometry import GEOMETRY_VERSION, geometry
from vision.measures import MEASURES_VERSION, measure
from vision.perceptual_hash import MIRROR_BITS, PERCEPTUAL_HASH_VERSION, perceptual_hashes
from vision.photograph_comparison import (
    COMPARISON_VERSION,
    PreparedPhotograph,
    compare_photographs,
    prepare_photograph,
)
from vision.picture_cues import CUES_VERSION, picture_cues
from vision.renditions import RENDITIONS_VERSION, make_renditions
from vision.small_view import small_view

LOOK_VERSION = f"{MEASURES_VERSION}.{PERCEPTUAL_HASH_VERSION}.{CUES_VERSION}.{GEOMETRY_VERSION}"


@dg.asset(
    deps=[dg.AssetDep("listings", partition_mapping=OVER_ALL)],
    kinds={"http", "file"},
    code_version="1",
    retry_policy=TRANSIENT,
    metadata=schema_metadata(tables.image_references),
)
def images(
    context: dg.AssetExecutionContext,
    catalogue: dg.ResourceParam[Engine],
    objects: dg.ResourceParam[ObjectStore],
    feeds: dg.ResourceParam[FeedRegistry],
    location_access: dg.ResourceParam[LocationAccess],
    bounds: dg.ResourceParam[WorkBounds],
) -> dg.MaterializeResult:
    """Distinct pictures named by their digest, and the ledger of every place that names one."""
    collection = context.partition_key
    outcomes: dict[str, dict[str, int]] = {}
    held: dict[str, str] = {}
    for declaration in feeds.collections[collection]:
        wanted = locations_to_fetch(catalogue, collection, declaration.name, attempts=bounds.attempts)
        new = new_pictures(catalogue, collection, declaration.name)
        if wanted:
            fetched = new.watched(_fetched(wanted, declaration, location_access))
            outcomes[declaration.name] = record_fetched(
                catalogue, objects, collection, declaration.name, fetched
            )
        reason = settle_pictures(catalogue, collection, declaration, new, attempts=bounds.attempts)
        if reason is not None:
            context.log.warning(f"{collection}.{declaration.name}: {reason}")
            held[declaration.name] = reason
    return dg.MaterializeResult(
        metadata={
            "fetched": sum(counts.get("fetched", 0) for counts in outcomes.values()),
            "failed": sum(counts.get("failed", 0) for counts in outcomes.values()),
            "by_feed": outcomes,
            "held": held,
        }
    )


def _fetched(wanted: list[str], declaration: FeedDeclaration, access: LocationAccess) -> Iterator[Fetched]:
    asked = (WantedImage(location=location) for location in wanted)
    for outcome in fetch_images(asked, declaration, access=access, workers=declaration.connections):
        if isinstance(outcome, FetchedImage):
            yield Fetched(location=outcome.location, data=outcome.data)
        else:
            yield Fetched(
                location=outcome.location,
                reason=outcome.reason,
                message=outcome.message,
                transient=outcome.transient,
            )


@dg.asset(
    deps=["images"],
    kinds={"opencv"},
    code_version=f"{LOOK_VERSION}.{RELATION_RULES_VERSION}",
    retry_policy=TRANSIENT,
    metadata=schema_metadata(tables.picture_relations),
)
def picture_relations(
    context: dg.AssetExecutionContext,
    catalogue: dg.ResourceParam[Engine],
    objects: dg.ResourceParam[ObjectStore],
    bounds: dg.ResourceParam[WorkBounds],
) -> dg.MaterializeResult:
    """Pictures that show one photograph: proposed by perceptual hashes, confirmed by their pixels."""
    collection = context.partition_key
    looked_at = look_at_pictures(
        catalogue, objects, collection, _look, version=LOOK_VERSION, workers=bounds.workers
    )
    report = relate_pictures(catalogue, objects, collection, _EYE, workers=bounds.workers)
    return dg.MaterializeResult(
        metadata={
            "looked_at": looked_at,
            "proposed": report.proposed,
            "compared": report.compared,
            "changed": report.changed,
            "by_relation": dict(report.by_relation),
        }
    )


def _lay_over(one: PreparedPhotograph, other: PreparedPhotograph, way: Way) -> Mapping[str, float | None]:
    first, second = (one.frame, other.frame) if way.cut_to == "frame" else (one.piece, other.piece)
    return asdict(compare_photographs(first, second, is_mirrored=way.is_mirrored))


_EYE = PhotographEye(
    prepare=lambda data: prepare_photograph(decode(data).image),
    compare=_lay_over,
    mirror_bits=MIRROR_BITS,
    version=f"{PERCEPTUAL_HASH_VERSION}.{COMPARISON_VERSION}",
)


@dg.asset(
    deps=["picture_relations"],
    kinds={"opencv"},
    code_version=f"{MEASURES_VERSION}.{RULES_VERSION}.{FLAG_RULES_VERSION}.{ROLES_VERSION}",
    retry_policy=TRANSIENT,
    metadata=schema_metadata(tables.verdicts),
)
def image_verdicts(
    context: dg.AssetExecutionContext,
    catalogue: dg.ResourceParam[Engine],
    objects: dg.ResourceParam[ObjectStore],
    feeds: dg.ResourceParam[FeedRegistry],
) -> dg.MaterializeResult:
    """What each picture's measures and its uses lead to: accepted, quarantined or for review, and why."""
    collection = context.partition_key
    kinds = feeds.kinds(collection)
    beside = flag_pictures(catalogue, collection, kinds)
    changed = judge_pictures(catalogue, collection, _judge, kinds, version=RULES_VERSION, beside=beside)
    roles = assign_roles(catalogue, collection, kinds, feeds.languages(collection))
    sheets = refused_by_reason(refused_images(catalogue, collection, limit=400), objects)
    decided = picture_calibration(catalogue, collection)
    return dg.MaterializeResult(
        metadata={
            "verdicts_changed": changed,
            **({"calibration": dg.MetadataValue.md(as_table(decided))} if decided.pictures else {}),
            "kept_out_by_their_uses": len(beside),
            "roles_changed": roles,
            **{
                f"refused: {reason}": dg.MetadataValue.md(as_markdown(sheet, reason))
                for reason, sheet in sheets.items()
            },
        }
    )


def _look(data: bytes) -> Seen:
    try:
        decoded = decode(data)
    except UnreadableImageError as error:
        return Seen(unreadable=error.reason, message=str(error))
    view = small_view(decoded.image)
    hashes = perceptual_hashes(view)
    form = geometry(view, (decoded.width, decoded.height))
    return Seen(
        format=decoded.format,
        width=decoded.width,
        height=decoded.height,
        measures={
            **asdict(measure(decoded, view=view)),
            **asdict(picture_cues(decoded)),
            **({} if form is None else asdict(form)),
        },
        perceptual_hash=f"{hashes.piece:016x}",
        frame_hash=f"{hashes.frame:016x}",
    )


def _judge(measures: Mapping[str, float], feed_kind: str) -> tuple[str, list[dict[str, Any]]]:
    verdict = judge_image(measures, feed_kind=feed_kind)
    return verdict.verdict, [asdict(finding) for finding in verdict.reasons]


@dg.asset(deps=["image_verdicts"], kinds={"pillow"}, code_version=RENDITIONS_VERSION, retry_policy=TRANSIENT)
def renditions(
    context: dg.AssetExecutionContext,
    catalogue: dg.ResourceParam[Engine],
    objects: dg.ResourceParam[ObjectStore],
    bounds: dg.ResourceParam[WorkBounds],
) -> dg.MaterializeResult:
    """Three sizes and a cut-out, tint taken out and set straight, free of EXIF and GPS: what is served."""
    rendered = render_pictures(
        catalogue,
        objects,
        context.partition_key,
        _render,
        version=RENDITIONS_VERSION,
        workers=bounds.workers,
    )
    return dg.MaterializeResult(metadata={"rendered": rendered})


def _render(data: bytes) -> RenditionSet:
    made = make_renditions(decode(data).image)
    done = {"cast_ab": made.cast_ab, "tilt_deg": made.tilt_deg}
    return RenditionSet(
        files=[
            RenditionFile(name=one.name, width=one.width, height=one.height, data=one.data)
            for one in made.files
        ],
        thumbhash=made.thumbhash,
        processing={name: value for name, value in done.items() if value is not None},
    )


@dg.asset(deps=["renditions", "pieces"], kinds={"parquet"}, code_version="1", retry_policy=TRANSIENT)
def searchable_images(
    context: dg.AssetExecutionContext,
    catalogue: dg.ResourceParam[Engine],
    objects: dg.ResourceParam[ObjectStore],
) -> dg.MaterializeResult[str]:
    """Accepted pictures with the listings that show them: what filters, tiers and embedding need to know."""
    found = searchable_images_of(catalogue, context.partition_key)
    frame = as_parquet(found)
    digest = sha256_hex(frame)
    key = digest_key("frames", digest, ".parquet")
    if not objects.exists(key):
        objects.put(key, frame)
    return dg.MaterializeResult(
        value=key,
        data_version=dg.DataVersion(digest[:32]),
        metadata={
            "dagster/partition_row_count": len(found.rows),
            "images": len({row["image_key"] for row in found.rows}),
            "pieces": len({row["piece_id"] for row in found.rows}),
        },
    )
