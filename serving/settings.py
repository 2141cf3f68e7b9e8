"""What can be set of the serving layer; the ``serving`` section of ``loupe.yaml``.  Values only."""

from ipaddress import ip_network
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from serving.guards.keys import Scope

Weight = Annotated[float, Field(ge=0.0, le=10.0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RankingSettings(_Strict):
    """How much each signal may move a piece, in standard deviations of the scores that are ranked.

    ``window`` pieces, the most relevant ones, are ranked anew; those behind them keep their order.  Of one
    brand or category at most ``most_alike`` stand among any ten hits while there are others; 0 leaves order
    alone.
    """

    window: int = Field(default=60, ge=1, le=1_000)
    popularity: Weight = 0.2
    rating: Weight = 0.1
    conversion: Weight = 0.1
    freshness: Weight = 0.1
    availability: Weight = 0.3
    price_fit: Weight = 0.2
    most_alike: int = Field(default=0, ge=0, le=10)


class AccessSettings(_Strict):
    """Who needs a key (``loupe keys add``), and how often a caller may ask.

    Attributes:
        keys: Who needs one: ``beyond_loopback``: everybody but this machine; ``always``; ``never``: nobody,
            but for the admin pages from elsewhere.
        open_scopes: What needs no key from anywhere, as ``search`` and ``events`` of a public shop.
        trusted_proxies: Addresses or networks whose X-Forwarded-For is believed; nobody's by default.
        per_second: Requests of a key that states no rate of its own.
        burst: Of them at once.
        anonymous_per_second: Requests of an address without a key; 0 for any number.  This machine is not
            paced.
        anonymous_burst: Of them at once.
    """

    keys: Literal["beyond_loopback", "always", "never"] = "beyond_loopback"
    open_scopes: tuple[Scope, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    per_second: float = Field(default=50.0, gt=0.0, le=100_000.0)
    burst: int = Field(default=200, ge=1, le=1_000_000)
    anonymous_per_second: float = Field(default=20.0, ge=0.0, le=100_000.0)
    anonymous_burst: int = Field(default=100, ge=1, le=1_000_000)

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, named: tuple[str, ...]) -> tuple[str, ...]:
        for one in named:
            try:
                ip_network(one)
            except ValueError as error:
                message = f"{one!r} is no address or network ({error}): write 10.0.0.7 or 10.0.0.0/8"
                raise ValueError(message) from error
        return named


class DeliverySettings(_Strict):
    """How pictures reach browsers.

    Attributes:
        mode: ``served`` from here; ``signed``: a redirection to a signed address of the S3 bucket that they
            are in, or of a CDN.
        seconds: How long an address is good for.
        cdn_url: A CloudFront distribution over the objects; default: the bucket itself.
        cdn_key_id: Of the public key that it knows.
        cdn_private_key_file: PEM, RSA.
    """

    mode: Literal["served", "signed"] = "served"
    seconds: int = Field(default=900, ge=60, le=604_800)
    cdn_url: str | None = Field(default=None, pattern=r"^https?://\S+$")
    cdn_key_id: str | None = None
    cdn_private_key_file: str | None = None

    @model_validator(mode="after")
    def _a_cdn_has_a_key(self) -> "DeliverySettings":
        given = [self.cdn_url, self.cdn_key_id, self.cdn_private_key_file]
        if any(given) and not all(given):
            message = "cdn_url, cdn_key_id and cdn_private_key_file go together: give all of them, or none"
            raise ValueError(message)
        return self


class TraceSettings(_Strict):
    """Where traces go; they need the extra ``otel``.

    Attributes:
        endpoint: Of OTLP over HTTP, such as ``http://127.0.0.1:4318/v1/traces``.
        share: Of requests that nobody else decided about.
        service_name: As it stands in traces.
    """

    endpoint: str
    share: float = Field(default=1.0, ge=0.0, le=1.0)
    service_name: str = "loupe-serving"


class ServingSettings(_Strict):
    """Where the API listens, how much it does at once, and what it keeps in memory.

    Attributes:
        host: Address to listen on; beyond loopback, put it behind a proxy that ends TLS.
        port: Port to listen on; 0 takes a free one.
        workers: Processes; each holds its own copy of what is not memory-mapped.
        threads: Queries that are worked on at once by one process.
        waiting: Further queries that may wait for a thread; more are refused with 429.
        faiss_threads: Of one search in one tier; 1 serves the most queries per second.
        tiers_at_once: Search the tiers of a question at the same time, where there are cores for it.
        poll_seconds: How often the promotion pointers are looked at.
        kept_snapshots: Replaced snapshots that still answer cursors made on them.
        kept_seconds: How long they do; afterwards a cursor is answered 410.
        copies: Folder of local copies of what is served; default: a folder in the home folder.
        most_results: How deep an answer can be paged.
        largest_page: Hits per page, at most.
        sort_window: Of so many most relevant pieces an answer sorted by price or date consists.
        most_pictures: Pictures in one question.
        largest_picture_bytes: Of one picture.
        largest_body_bytes: Of a request; more is refused before it is read.
        most_pixels: Of one picture, before any is decoded.
        batch_questions: Questions of one batch.
        encode_window_ms: How long encoding waits for others to encode with.
        encode_batch: How many texts or pictures are encoded together, at most.
        embedding_cache_entries: Query vectors remembered.
        result_cache_mb: Memory for answers.
        picture_cache_mb: Memory for renditions.
        result_cache_seconds: How old an answer may be.
        cache_url: ``redis://…``, where several processes share what was encoded; default: none.
        allowed_hosts: Host names that requests may be addressed to; ``*`` for any.
        access: Keys and rates.
        arrive_seconds: For a request's body to arrive.
        answer_seconds: From then on until its answer is ready.
        delivery: How pictures reach browsers.
        logs: Lines of JSON, or text for people.
        log_requests: Whether every request has a line.
        traces: Where OpenTelemetry traces go; none by default.
        shared_folder: Where workers share what they count of callers; `loupe serve` makes one for several.
        ranking: Weights of re-ranking; a request may give its own.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=8787, ge=0, le=65_535)
    workers: int = Field(default=1, ge=1, le=64)
    threads: int = Field(default=4, ge=1, le=256)
    waiting: int = Field(default=64, ge=0, le=10_000)
    faiss_threads: int = Field(default=1, ge=1, le=256)
    tiers_at_once: bool = True
    poll_seconds: float = Field(default=5.0, gt=0.0, le=3_600.0)
    kept_snapshots: int = Field(default=1, ge=0, le=8)
    kept_seconds: float = Field(default=600.0, ge=0.0)
    copies: str = ""
    most_results: int = Field(default=1_000, ge=10, le=10_000)
    largest_page: int = Field(default=100, ge=1, le=1_000)
    sort_window: int = Field(default=500, ge=10, le=10_000)
    most_pictures: int = Field(default=8, ge=1, le=32)
    largest_picture_bytes: int = Field(default=20_000_000, ge=1_000)
    largest_body_bytes: int = Field(default=64_000_000, ge=1_000)
    most_pixels: int = Field(default=60_000_000, ge=1_000)
    batch_questions: int = Field(default=32, ge=1, le=256)
    encode_window_ms: float = Field(default=2.0, ge=0.0, le=100.0)
    encode_batch: int = Field(default=16, ge=1, le=512)
    embedding_cache_entries: int = Field(default=10_000, ge=0)
    result_cache_mb: int = Field(default=64, ge=0)
    picture_cache_mb: int = Field(default=64, ge=0)
    result_cache_seconds: float = Field(default=60.0, ge=0.0)
    cache_url: SecretStr | None = None
    allowed_hosts: tuple[str, ...] = ("*",)
    access: AccessSettings = AccessSettings()
    arrive_seconds: float = Field(default=60.0, gt=0.0, le=3_600.0)
    answer_seconds: float = Field(default=10.0, gt=0.0, le=600.0)
    delivery: DeliverySettings = DeliverySettings()
    logs: Literal["json", "text"] = "json"
    log_requests: bool = True
    traces: TraceSettings | None = None
    shared_folder: str = ""
    ranking: RankingSettings = RankingSettings()
