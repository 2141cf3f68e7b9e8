"""The attributes that are asked of pictures, as data: ``attributes.yaml``, terms in ``../vocabulary``."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from catalog.errors import CatalogError
from catalog.vocabulary import spellings, terms

AttributeName = Literal["style", "era", "motif", "setting", "material_look", "craftsmanship"]
Column = Literal["styles", "title", "description"]


class Attribute(BaseModel):
    """How one attribute is read from listings and asked of pictures.

    Attributes:
        read: What of a listing states it.
        templates: Sentences with ``{}`` where a phrase goes.
        phrases: Term to the English phrases that describe it.
        nothing: Phrases for a piece with none of the terms; empty where every piece has one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    read: tuple[Column, ...] = Field(min_length=1)
    templates: tuple[str, ...] = Field(min_length=1)
    phrases: Mapping[str, tuple[str, ...]] = {}
    nothing: tuple[str, ...] = ()

    @field_validator("templates")
    @classmethod
    def _take_a_phrase(cls, templates: tuple[str, ...]) -> tuple[str, ...]:
        for template in templates:
            if template.count("{}") != 1:
                message = f"{template!r} needs {{}} once, where a phrase goes"
                raise ValueError(message)
        return templates


@cache
def attributes() -> Mapping[AttributeName, Attribute]:
    """Return every attribute by its name, in the order of the file.

    Raises:
        CatalogError: If one is declared in a way that cannot be used.
    """
    return read_attributes(
        (files("catalog") / "attributes" / "attributes.yaml").read_text(encoding="utf-8"), "attributes.yaml"
    )


def read_attributes(text: str, place: str) -> Mapping[AttributeName, Attribute]:
    """Read declarations of attributes; terms without phrases of their own get their English spellings.

    Raises:
        CatalogError: If one is declared in a way that cannot be used; the message names it and its place.
    """
    try:
        declared = TypeAdapter(dict[AttributeName, Attribute]).validate_python(yaml.safe_load(text))
    except ValidationError as error:
        first = error.errors()[0]
        message = f"{place}: {'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise CatalogError(message) from error
    found: dict[AttributeName, Attribute] = {}
    for name, one in declared.items():
        known = terms(name)
        strange = sorted(one.phrases.keys() - set(known))
        if strange:
            message = f"{place}: {name}.phrases: vocabulary/{name}.yaml has no term {', '.join(strange)}"
            raise CatalogError(message)
        phrases = {term: one.phrases.get(term) or spellings(name, term) for term in known}
        found[name] = one.model_copy(update={"phrases": phrases})
    return found


@cache
def vocabulary_version() -> str:
    """Return the digest of what encoders are asked: another term, phrase or template is another version."""
    asked = {name: one.model_dump(mode="json") for name, one in attributes().items()}
    return hashlib.sha256(json.dumps(asked, ensure_ascii=False).encode()).hexdigest()[:16]
