"""Which index a tier gets: a pure rule over its size, its dimension and its memory budget.

No FAISS here: a plan is a factory string and numbers.  The choice follows measurements on clustered unit
vectors of 512 dimensions whose neighbours lie close together (``benchmarks/index_build.py`` repeats them):

- 8-bit scalar codes lose one neighbour in seventy however widely they are searched (0.986 of ten on 200,000),
  and 8-bit graphs with them; half precision loses none.
- One bit per dimension, refined with half-precision vectors, finds 0.998 where 4-bit product codes of the
  same size find 0.95, and answers as fast as plain half-precision lists; codes and vectors stay mapped.
  FAISS's fast-scan variant of it is no faster, cannot be mapped, and is twice as slow under a filter.
- Below some hundred dimensions a bit per dimension says too little; half-precision lists are small there.
"""

from dataclasses import dataclass, field
from math import log2, sqrt

from index_builds.settings import TierSettings
from index_builds.tiers import Tier

_ID_BYTES = 8
# All vectors are compared up to here.  Codes would save disk nobody misses, and cost the order of near-equal
# neighbours (265 pictures whose vectors differed in the fourth decimal: half precision found 0.94 of the
# nearest ten).  Beyond, a scan is as slow as memory is: 20,000 x 512 take 1.7 ms again and again, and 5.2 ms
# when other work was done in between; refined lists with recall 0.999 take 0.6 and 1.4.
EXACT_BYTES = 16 << 20
_BITS_FROM_DIMENSION = 128


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


def plan_tier(tier: Tier, count: int, dimension: int, settings: TierSettings) -> TierPlan:
    """Return the plan of a tier.

    Args:
        tier: Which one.
        count: Vectors in it, at least one.
        dimension: Of each vector.
        settings: Thresholds and budgets.

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
    # Centroids; ids of lists and of positions, direct map; the list of each vector, once a filter is asked.
    lists_resident = 4 * dimension * lists + 3 * ids + 4 * count
    if count <= wanted.exact_below and float32 <= EXACT_BYTES:
        small = f"{count} vectors, {float32 / 1e6:.1f} MB: every one is compared"
        if tier == "hot":
            return plan("Flat", (), float32 + ids, 0, small)
        return plan("Flat", (), ids, 0, f"{small}, mapped")
    if dimension < _BITS_FROM_DIMENSION:
        return plan(
            f"IVF{lists},SQfp16",
            _list_grid(lists),
            lists_resident,
            training,
            f"{count} vectors of {dimension} dimensions, mapped half-precision lists",
        )
    code = "SQ8" if tier == "cold" else "SQfp16"
    return plan(
        f"RR{dimension},IVF{lists},RaBitQ,Refine({code})",
        _refined_grid(lists),
        lists_resident,
        training,
        f"{count} vectors, 1-bit lists, refined by mapped {'8-bit' if tier == 'cold' else '16-bit'} codes",
    )


def _lists(count: int) -> int:
    """Return the power of two nearest to 4·√count, lowered until every list has 39 vectors to train on."""
    lists = 2 ** round(log2(max(4 * sqrt(count), 1)))
    while lists > 1 and count < 39 * lists:
        lists //= 2
    return int(lists)


def _list_grid(lists: int) -> tuple[dict[str, int], ...]:
    probes = [probe for probe in (4, 8, 16, 32, 64, 128, 256, 512) if probe < lists]
    return tuple({"nprobe": probe} for probe in [*probes, lists])


def _refined_grid(lists: int) -> tuple[dict[str, int], ...]:
    steps = [(8, 4), (16, 4), (16, 8), (32, 8), (64, 8), (64, 16), (128, 16), (256, 16), (512, 16), (512, 32)]
    usable = [(probe, factor) for probe, factor in steps if probe < lists]
    return tuple({"nprobe": probe, "k_factor": factor} for probe, factor in [*usable, (lists, 64)])
