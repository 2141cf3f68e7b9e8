"""What is recorded of searches and of what people do, and for how long; the ``events`` section."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

Share = Annotated[float, Field(ge=0.0, le=1.0)]


class EventSettings(BaseModel):
    """What serving records, how it is written, and when it is forgotten.

    Attributes:
        recorded: Whether anything is; without it events are taken and dropped.
        pseudonym_key: Makes the same client the same pseudonym for as long as it is kept; without it every
            day has a key of its own, which is forgotten.
        keep_days: After so many days an event is a count per piece and day, and a search is forgotten.
        late_days: Events older than this are refused; a day's measures change for so long.
        search_share: Of the searches, which are recorded to be measured.
        searches_per_minute: More than these, a process does not record.
        shadow_share: Of the approximate searches, which are asked again exhaustively (``shadow_recall``).
        batch: Events that one request may bring.
        waiting: What may wait to be written, in one process; further events are refused with 429.
        flush_seconds: How long it waits at most: what a killed process loses.
        touch_seconds: How often it is written which pieces searches found.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    recorded: bool = True
    pseudonym_key: Annotated[SecretStr, Field(min_length=16)] | None = None
    keep_days: int = Field(default=30, ge=1, le=3_650)
    late_days: int = Field(default=7, ge=0, le=90)
    search_share: Share = 1.0
    searches_per_minute: int = Field(default=600, ge=0)
    shadow_share: Share = 0.01
    batch: int = Field(default=100, ge=1, le=1_000)
    waiting: int = Field(default=10_000, ge=100, le=1_000_000)
    flush_seconds: float = Field(default=1.0, gt=0.0, le=60.0)
    touch_seconds: float = Field(default=60.0, gt=0.0, le=3_600.0)

    @model_validator(mode="after")
    def _measured_before_forgotten(self) -> "EventSettings":
        if self.late_days >= self.keep_days:
            message = (
                f"late_days is {self.late_days} and keep_days {self.keep_days}: keep events for longer than "
                "they may be late, or they are forgotten before they are measured"
            )
            raise ValueError(message)
        if self.batch > self.waiting:
            message = f"batch is {self.batch} and waiting {self.waiting}: let at least one batch wait"
            raise ValueError(message)
        return self
