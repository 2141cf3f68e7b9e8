"""Questions that come as JSON."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from serving.api.asking import AskFields
from serving.encoding import Crop

Weight = Annotated[float, Field(ge=0.0, le=10.0, allow_inf_nan=False)]
Texts = Annotated[list[Annotated[str, Field(min_length=1, max_length=1_000)]], Field(max_length=8)]
PieceIds = Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=32)]


def _box(crop: Crop) -> Crop:
    left, top, right, bottom = crop
    if not (0.0 <= left < right <= 1.0 and 0.0 <= top < bottom <= 1.0):
        message = "a crop is left, top, right, bottom as fractions, left before right and top before bottom"
        raise ValueError(message)
    return crop


CheckedCrop = Annotated[Crop, AfterValidator(_box)]
CROP: TypeAdapter[Crop] = TypeAdapter(CheckedCrop)


class _Question(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PictureIn(_Question):
    """A picture in a JSON document."""

    data: str = Field(description="The file's bytes as base64: JPEG, PNG, WebP or AVIF")
    crop: CheckedCrop | None = Field(default=None, description="left, top, right, bottom as fractions")


class ChannelWeights(_Question):
    """How much pictures and pieces count in each channel."""

    visual: Weight = 1.0
    colour: Weight = 0.0
    shape: Weight = 0.0
    material: Weight = 0.0
    style: Weight = 0.0


class HybridQuestion(AskFields):
    """Words, pictures and pieces; what is wanted and what is not."""

    words: Texts = Field(default=[], examples=[["emerald ring"]])
    pictures: list[PictureIn] = Field(default=[], max_length=32)
    liked: PieceIds = Field(default=[], description="Pieces to find more like; they are not in the answer")
    disliked: PieceIds = Field(default=[], description="Pieces to find less like")
    not_words: Texts = Field(default=[], examples=[["diamond"]])
    words_weight: Weight = 1.0
    pictures_weight: Weight = 1.0
    liked_weight: Weight = 1.0
    not_weight: Weight = 0.5
    channels: ChannelWeights = ChannelWeights()


class BatchQuestion(_Question):
    """Several questions to one collection."""

    questions: list[HybridQuestion] = Field(min_length=1, max_length=256)
    collection: str | None = None
