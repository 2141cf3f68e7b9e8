"""What may be tuned about index builds: tiers, gate and retention.  Values only."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from index_builds import health_names
from index_builds.tiers import Tier

Share = Annotated[float, Field(ge=0.0, le=1.0)]


class PlanSettings(BaseModel):
    """How one tier is indexed.

    ``memory_fraction`` is the resident share of the float32 vectors that the tier may take once it has
    outgrown exact search; mapped pages do not count, since the system may drop them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    exact_below: int = Field(default=20_000, ge=0)  # up to this many, and 16 MiB, every one is compared
    memory_fraction: float = Field(default=0.5, gt=0.0)
    target_recall: Share = 0.98  # lower bound that the operating point must reach on the tuning queries


class ChangeSettings(BaseModel):
    """How much may lie on top of a base, and when its lists are trained anew.

    A delta is compared with every query whole: 10,000 vectors of 512 dimensions take about two milliseconds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    delta_vectors: int = Field(default=10_000, ge=0)  # in one tier and channel, at most
    delta_share: Share = 0.10  # of the base, at most
    tombstone_share: Share = 0.20  # of the base, at most
    compact_above: Share = 0.20  # delta and tombstones together, of the base; beyond it they are merged
    retrain_imbalance: float = Field(default=1.5, ge=1.0)  # times what it was when the lists were trained
    retrain_error: float = Field(default=1.2, ge=1.0)  # the same, of the quantisation error

    def small(self, *, base: int, new: int, gone: int) -> bool:
        """Tell whether a change may be put on top of a base of so many vectors."""
        return (
            new <= self.delta_vectors
            and new <= self.delta_share * base
            and gone <= self.tombstone_share * base
            and new + gone <= self.compact_above * base
        )


class Budget(BaseModel):
    """How much a tier may hold; where several are set, all hold.  What does not fit goes a tier down."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pieces: int | None = Field(default=None, ge=0)
    share: Share | None = None  # of the collection's pieces
    megabytes: float | None = Field(default=None, ge=0.0)  # of whole visual vectors, four bytes a value


class PlacementSettings(BaseModel):
    """What makes a piece hot, and how much each tier may hold.

    Heat is demand plus ``touch_weight`` for every search that answered with the piece.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    new_days: int = Field(default=30, ge=0)  # a piece first seen less than this many days ago is hot
    enter_hot: float = Field(default=2.0, gt=0.0)  # heat at which a sellable piece enters
    leave_hot: float = Field(default=0.5, gt=0.0)  # heat below which it leaves
    min_stay_days: int = Field(default=3, ge=0)  # in the hot tier, while there is room
    touch_weight: float = Field(default=0.1, ge=0.0)
    hot_at_most: Budget = Budget()
    warm_at_most: Budget = Budget()

    @model_validator(mode="after")
    def _leaves_no_higher_than_it_enters(self) -> "PlacementSettings":
        if self.leave_hot > self.enter_hot:
            message = (
                f"leave_hot {self.leave_hot:g} is above enter_hot {self.enter_hot:g}: a piece between them "
                "would move every night; lower leave_hot"
            )
            raise ValueError(message)
        return self


class TierSettings(PlacementSettings):
    """What makes a piece hot, and how each tier is indexed."""

    hot: PlanSettings = PlanSettings(memory_fraction=0.5, target_recall=0.99)
    warm: PlanSettings = PlanSettings(memory_fraction=0.25, target_recall=0.98)
    cold: PlanSettings = PlanSettings(memory_fraction=0.10, target_recall=0.95)
    training_vectors_per_list: int = Field(
        default=64, ge=39, le=256
    )  # FAISS warns below 39 and samples above 256
    tuning_queries: int = Field(default=200, ge=1)
    changes: ChangeSettings = ChangeSettings()
    seed: int = Field(default=20_250, ge=0)
    threads: int = Field(
        default=0, ge=0
    )  # of IVF training and adding; 0: every core.  Graphs are built by one.

    def plan(self, tier: Tier) -> PlanSettings:
        """Return the settings of one tier."""
        return {"hot": self.hot, "warm": self.warm, "cold": self.cold}[tier]


class Floor(BaseModel):
    """Recall that the lower bound must clear: over all queries, and in every stratum of meaningful size."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    overall: Share
    stratum: Share


class Floors(BaseModel):
    """Floors per tier."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hot: Floor = Floor(overall=0.95, stratum=0.90)
    warm: Floor = Floor(overall=0.93, stratum=0.88)
    cold: Floor = Floor(overall=0.90, stratum=0.85)

    def of(self, tier: Tier) -> Floor:
        """Return the floor of one tier."""
        return {"hot": self.hot, "warm": self.warm, "cold": self.cold}[tier]


class GateSettings(BaseModel):
    """What a snapshot must prove before it may be promoted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    k: int = Field(default=10, ge=1, le=1000)
    floors: Floors = Floors()
    min_stratum_queries: int = Field(default=30, ge=1)  # a smaller stratum is too small to hold anybody to
    queries_per_family: int = Field(default=200, ge=1)
    channel_queries: int = Field(default=60, ge=1)  # of each channel beside the visual one
    refresh_queries_per_family: int = Field(default=60, ge=1)  # on top of a base that has been judged whole
    filters_by_tier: bool = True  # ask every filter of each tier alone too, not only of all together
    bootstrap_samples: int = Field(default=1000, ge=100, le=100_000)
    confidence: float = Field(default=0.95, gt=0.5, lt=1.0)
    non_inferiority_margin: Share = 0.01
    min_coverage: Share = 0.98  # of accepted pictures that have a vector; below it nothing is built
    vector_sample: int = Field(default=1000, ge=1)  # vectors compared with the embedding truth
    audit_queries: int = Field(default=50, ge=1)  # measured again at promotion
    health_queries: int = Field(default=1000, ge=0, le=10_000)  # pictures asked about beyond recall; 0: none
    health_limits: dict[str, float] = Field(default_factory=dict)  # by health_names; judged where set
    seed: int = Field(default=7, ge=0)

    def for_refresh(self) -> "GateSettings":
        """Return the settings for a base that was judged before, with a small change on top.

        Fewer questions, and filters of all tiers together only: with a small change the base's answers to a
        filter are those that were judged with it.
        """
        return self.model_copy(
            update={
                "queries_per_family": min(self.queries_per_family, self.refresh_queries_per_family),
                "health_queries": min(self.health_queries, self.refresh_queries_per_family),
                "filters_by_tier": False,
            }
        )

    @model_validator(mode="after")
    def _limits_are_of_what_is_measured(self) -> "GateSettings":
        known = (*health_names.AT_LEAST, *health_names.AT_MOST)
        unknown = sorted(set(self.health_limits) - set(known))
        if unknown:
            message = (
                f"health_limits name {', '.join(unknown)}, which nothing measures: {', '.join(known)} are"
            )
            raise ValueError(message)
        if self.health_limits and not self.health_queries:
            message = (
                "health_limits are set and health_queries is 0: ask about some pictures, or drop the limits"
            )
            raise ValueError(message)
        return self


class RetentionSettings(BaseModel):
    """Which snapshots garbage collection keeps besides the promoted one, its parent and the pinned ones.

    Each rule only protects: a snapshot goes when none of them keeps it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    keep_last: int = Field(default=5, ge=1)
    grace: int = Field(default=3, ge=0)  # versions: a snapshot this much younger than the newest is kept
    keep_days: float = Field(default=0.0, ge=0.0)  # since its publication, as far as that was noted


class SigningSettings(BaseModel):
    """Who signs what is published and promoted, and whose signatures readers demand.

    Without a private key nothing is signed; without trusted keys nothing has to be.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    private_key_file: str = ""  # as `loupe keys create` writes it
    private_key: SecretStr | None = None  # its text, for LOUPE_SIGNING__PRIVATE_KEY where there is no file
    trusted_keys: tuple[Annotated[str, Field(pattern=r"^ed25519:[A-Za-z0-9+/]{43}=$")], ...] = ()
    max_age_hours: float = Field(default=72.0, gt=0.0)  # that a statement of what is promoted holds

    @model_validator(mode="after")
    def _one_private_key(self) -> "SigningSettings":
        if self.private_key is not None and self.private_key_file:
            message = "private_key and private_key_file are both set: keep one"
            raise ValueError(message)
        return self


class IndexSettings(BaseModel):
    """Everything that may be tuned about index builds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tiers: TierSettings = TierSettings()
    # Pieces up to which each served one's nearest pieces are worked out with a snapshot (0: never); a
    # piece costs some three milliseconds.  Beyond it "more like this" is a search.
    neighbours_at_most: int = Field(default=100_000, ge=0)
    gate: GateSettings = GateSettings()
    retention: RetentionSettings = RetentionSettings()

    @model_validator(mode="after")
    def _gate_asks_no_more_than_tuning_aims_at(self) -> "IndexSettings":
        for tier in ("hot", "warm", "cold"):
            aim, floor = self.tiers.plan(tier).target_recall, self.gate.floors.of(tier).overall
            if aim < floor:
                message = (
                    f"tiers.{tier}.target_recall {aim} is below gate.floors.{tier}.overall {floor}: "
                    "builds would be tuned to fail; raise the target or lower the floor"
                )
                raise ValueError(message)
        return self
