"""What may be set about suggested attributes."""

from pydantic import BaseModel, ConfigDict, Field


class EnrichmentSettings(BaseModel):
    """When a suggestion may be filtered by, and how much people are asked.

    Attributes:
        floor: Least calibrated confidence of a suggestion that filters may use; below it a person is asked.
        questions: How many questions of a collection wait at most.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    floor: float = Field(default=0.8, gt=0.5, lt=1)
    questions: int = Field(default=30, ge=0)
