"""Which index a tier gets: a pure rule over its size, its dimension and its memory budget.

No FAISS here: a plan is a factory string and numbers.  The thresholds follow measurements on 200,000
clustered unit vectors of 512 dimensions (``benchmarks/index_build.py`` repeats them):

- HNSW with 8-bit codes answers unfiltered queries fastest from memory; its links cost 256 bytes a vector,
  which only fits half of float32 from about 270 dimensions on, and groups of equal vectors fill each other's
  links.
- IVF with 8-bit codes, mapped, keeps 4 % of float32 resident (centroids and the direct map) at the same
  recall.
- RaBitQ lists with 8-bit refinement, mapped, keep 4 % resident and read a seventh of the bytes per probed
  list, which is what counts on disk.  Fast-scan product codes find as much with twice the refinement and
  answer faster, but FAISS cannot map their lists: 11 % stayed resident, over the cold tier's tenth.
"""

from dataclasses import dataclass, field
from math import log2, sqrt

from index_builds.settings import TierSettings
from index_builds.tiers import Tier

GRAPH_LINKS = 32
_GRAPH_BYTES = 4 * (2 * GRAPH_LINKS) + 16  # level-0 links, upper levels and offsets, per vector
_ID_BYTES = 8
# Mapped whole vectors up to here: codes would save disk nobody misses, and cost the order of near-equal
# neighbours (265 pictures whose vectors differed in the fourth decimal: half precision found 0.94 of the
# nearest ten).
CODES_FROM_BYTES = 16 << 20
# A graph node keeps 64 links: a group of equal vectors this large spends half of them on itself.
_LARGEST_COPY_GROUP = GRAPH_LINKS


@dataclass(frozen=True, slots=True, kw_only=True)
class TierPlan:
    """How one tier will be indexed.

    ``grid`` holds the search parameters to try, cheapest first; exact plans have none.  ``resident_fraction``
    is the expected memory as a share of the float32 vectors; ``reason`` is for people.
    """

    tier: Tier
    factory: str
    count: int
    dimension: int
    grid: tuple[dict[str, int], ...] = field(default=())
    training_size: int
    resident_fraction: float
    seed: int
    threads: int
    target_recall: float
    reason: str

    @property
    def exact(self) -> bool:
        """Whether every vector is compared with the query."""
        return not self.grid


def plan_tier(
    tier: Tier, count: int, dimension: int, settings: TierSettings, *, largest_copy_group: int = 1
) -> TierPlan:
    """Return the plan of a tier.

    Args:
        tier: Which one.
        count: Vectors in it, at least one.
        dimension: Of each vector.
        settings: Thresholds and budgets.
        largest_copy_group: Vectors in the largest group of bit-for-bit equal ones.

    Raises:
        ValueError: If there is no vector, or no dimension.
    """
    if count < 1 or dimension < 1:
        message = f"tier {tier} has {count} vectors of dimension {dimension}: an empty tier gets no index"
        raise ValueError(message)
    wanted = settings.plan(tier)
    lists = _lists(count)
    training = min(count, settings.training_vectors_per_list * lists)
    float32 = 4 * dimension * count

    def plan(
        factory: str, grid: tuple[dict[str, int], ...], resident: int, size: int, reason: str
    ) -> TierPlan:
        return TierPlan(
            tier=tier,
            factory=factory,
            count=count,
            dimension=dimension,
            grid=grid,
            training_size=size,
            resident_fraction=round(resident / float32, 4),
            seed=settings.seed,
            threads=settings.threads,
            target_recall=wanted.target_recall,
            reason=reason,
        )

    ids = _ID_BYTES * count
    lists_resident = 4 * dimension * lists + 2 * ids
    if count <= wanted.exact_below:
        small = f"{count} vectors, at most {wanted.exact_below}: every one is compared"
        if tier == "hot":
            return plan("Flat", (), float32 + ids, 0, small)
        if float32 <= CODES_FROM_BYTES:
            return plan("Flat", (), ids, 0, f"{small}; mapped whole, too small for codes to save anything")
        if tier == "warm":
            return plan("SQfp16", (), ids, min(count, 65_536), f"{small}; mapped half-precision codes")
        return plan("SQ8", (), ids, min(count, 65_536), f"{small}; mapped 8-bit codes")
    if tier == "hot":
        graph = count * (dimension + _GRAPH_BYTES) + ids
        if largest_copy_group > _LARGEST_COPY_GROUP:
            why = f"{largest_copy_group} equal vectors would fill their own graph links"
        elif graph > wanted.memory_fraction * float32:
            why = f"a graph would take {graph / float32:.2f} of float32, over {wanted.memory_fraction}"
        else:
            return plan(
                f"HNSW{GRAPH_LINKS},SQ8", _graph_grid(), graph, training, f"{count} vectors, graph in memory"
            )
        codes = count * dimension + lists_resident
        return plan(f"IVF{lists},SQ8", _list_grid(lists), codes, training, why)
    if tier == "warm":
        return plan(
            f"IVF{lists},SQ8",
            _list_grid(lists),
            lists_resident,
            training,
            f"{count} vectors, mapped 8-bit lists",
        )
    return plan(
        f"RR{dimension},IVF{lists},RaBitQ,Refine(SQ8)",
        _refined_grid(lists),
        lists_resident,
        training,
        f"{count} vectors, mapped 1-bit lists with 8-bit refinement",
    )


def _lists(count: int) -> int:
    """Return the power of two nearest to 4·√count, lowered until every list has 39 vectors to train on."""
    lists = 2 ** round(log2(max(4 * sqrt(count), 1)))
    while lists > 1 and count < 39 * lists:
        lists //= 2
    return int(lists)


def _graph_grid() -> tuple[dict[str, int], ...]:
    return tuple({"efSearch": width} for width in (32, 64, 128, 256, 512, 1024))


def _list_grid(lists: int) -> tuple[dict[str, int], ...]:
    probes = [probe for probe in (4, 8, 16, 32, 64, 128, 256) if probe < lists]
    return tuple({"nprobe": probe} for probe in [*probes, lists])


def _refined_grid(lists: int) -> tuple[dict[str, int], ...]:
    steps = [(8, 4), (16, 4), (16, 8), (32, 8), (64, 16), (128, 32), (256, 64)]
    usable = [(probe, factor) for probe, factor in steps if probe < lists]
    return tuple({"nprobe": probe, "k_factor": factor} for probe, factor in [*usable, (lists, 64)])
