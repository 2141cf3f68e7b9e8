"""From a record, in the feed's words, to a listing in ours.

A record without an id or title, or with a price that cannot be read, is a Reject.  Every other value that
cannot be read leaves its field empty and gets a Remark; ``read_from`` keeps the raw text of each
interpreted field.  Category, metal and stones come from the title only where no column states them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from catalog import cell_values, vocabulary
from catalog.attachments.certificates import read_certificate
from catalog.attachments.mentions import attachment_mentions
from catalog.cell_values import Complaints, Said
from catalog.cells import LONGEST_RAW, Column
from catalog.community.claims import claim_of
from catalog.community.pseudonyms import NO_PSEUDONYMS, Pseudonyms
from catalog.declarations import MAPPED_FIELDS, FeedDeclaration
from catalog.dimensions import read_weight
from catalog.errors import UnreadableValueError
from catalog.field_paths import Stated, all_stated, as_text, finder, holds
from catalog.formats import FORMATS
from catalog.identifiers import clean_part_number, read_gtin
from catalog.image_mentions import image_mentions
from catalog.listing import AttachmentMention, Listing, Reading, Reject, Remark
from catalog.metals import METAL_FIELDS, MetalStatement, merge_statements, read_metal
from catalog.money import Money, read_money
from catalog.readers.record import Record
from catalog.texts import may_hold_markup, plain_line, plain_text, shortened

LONGEST_ID = 235
LONGEST_TITLE = 2000
LONGEST_BRAND = 200
LONGEST_CODE = 100
LONGEST_DESCRIPTION = 100_000

BEYOND_THE_OFFER = ("origin", "certificate_details.", "contributor", "claims.", "attachments.", "tax")
_NOTHING_SAID = MetalStatement()
_WORD_LISTS: Mapping[str, vocabulary.Field] = {"stones": "stone", "styles": "style"}
_PARSERS: Mapping[str, Callable[[str], Any]] = {
    "weight": read_weight,
    "gtin": read_gtin,
    "rating": cell_values.rating,
    "tax_percent": cell_values.tax_percent,
}


class RowRejectedError(Exception):
    """Why a record becomes no listing."""

    def __init__(
        self, reason: str, message: str, *, field: str | None = None, value: str | None = None
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.field = field
        self.value = value


@dataclass(slots=True, kw_only=True)
class _Work:
    """One record on its way: what was read of it so far."""

    record: Record
    source_id: str
    read_from: dict[str, Reading] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)

    def remark(self, about: str, value: str, message: str) -> None:
        self.remarks.append(
            Remark(
                place=self.record.place,
                source_id=self.source_id,
                field=about,
                value=shortened(value, LONGEST_RAW),
                message=message,
            )
        )

    def note(self, about: str, stated: Stated) -> str:
        """Keep where a field's value came from, and return its text."""
        text = as_text(stated.value)
        self.read_from[about] = Reading(column=stated.path, raw=shortened(text, LONGEST_RAW))
        return text


class Standardiser:
    """Turn one feed's records into listings by its declaration."""

    def __init__(self, declaration: FeedDeclaration, pseudonyms: Pseudonyms = NO_PSEUDONYMS) -> None:
        self._pseudonyms = pseudonyms
        self.declaration = declaration
        self.language = declaration.language
        form = FORMATS[declaration.format]
        self.number_language = "en" if form.plain_numbers else declaration.language
        self.mapping = {**form.mapping, **declaration.mapping}
        self._never_held = dict(declaration.mapping)
        names = dict.fromkeys((*MAPPED_FIELDS, *self.mapping, *declaration.defaults))
        self._find = {name: self._finder(name) for name in names}
        self._title_languages = [name for name in names if name.startswith("title.")]
        self._lengths = [name for name in names if name.startswith("dimensions_mm.")]
        self._ring_sizes = [
            name for name in (*self.mapping, *declaration.defaults) if name.startswith("ring_size")
        ]
        self._certificate_parts = [name for name in names if name.startswith("certificate_details.")]
        self._claim_parts = [name for name in names if name.startswith("claims.")]
        self._has_attachments = any(name.startswith("attachments.") for name in self.mapping)
        self._says_more = any(
            name.startswith(BEYOND_THE_OFFER) for name in (*self.mapping, *declaration.defaults)
        )
        self._columns = {name: Column(interpret) for name, interpret in self._interpreters()}
        self._money_columns: dict[str | None, Column] = {}  # by the currency of amounts that state none

    def _interpreters(self) -> Iterator[tuple[str, Callable[[str], Said[Any]]]]:
        spoken = {"language": self.language}
        yield "currency", self._currency_of
        yield "category", partial(cell_values.category, **spoken)
        yield "colour", partial(cell_values.colour, **spoken)
        yield "tax", partial(cell_values.tax, **spoken)
        yield "availability", partial(cell_values.availability, **spoken)
        for name in METAL_FIELDS:
            yield name, partial(cell_values.metal, name, **spoken)
        for name, field_name in _WORD_LISTS.items():
            yield name, partial(cell_values.terms, name, field_name, **spoken)
        for name, parse in _PARSERS.items():
            yield name, partial(cell_values.parsed, parse=parse)
        for name in self._lengths:
            yield name, partial(cell_values.lengths, name.removeprefix("dimensions_mm."), **spoken)
        for name in self._ring_sizes:
            yield name, partial(cell_values.ring_sizes, name.partition(".")[2] or None)

    def read(self, record: Record) -> tuple[Listing | Reject, list[Remark]]:
        """Return what a record becomes, and what is remarked about it; a reject has no remarks."""
        for name, path in list(self._never_held.items()):
            if any(holds(record.fields, one) for one in (path, *path.split(","))):
                del self._never_held[name]
        source_id: str | None = None
        try:
            source_id = self._source_id(record)
            work = _Work(record=record, source_id=source_id)
            return self._listing(work), work.remarks
        except RowRejectedError as rejected:
            return (
                Reject(
                    place=record.place,
                    reason=rejected.reason,
                    message=str(rejected),
                    source_id=source_id,
                    field=rejected.field,
                    value=None if rejected.value is None else shortened(rejected.value, LONGEST_RAW),
                ),
                [],
            )

    def closing_remarks(self) -> Iterator[Remark]:
        """Yield a remark for every path of the declaration's mapping that no record had a place for."""
        for name, path in self._never_held.items():
            message = f"no record has {path!r}: mend the mapping of {name}, or take it out"
            yield Remark(place="file", source_id="", field=name, value=path, message=message)
        if "contributor" in self.mapping and self._pseudonyms.key is None:
            message = (
                "contributors are kept as keyed pseudonyms only, and there is no key: set contributor_key"
            )
            path = self.mapping["contributor"]
            yield Remark(place="file", source_id="", field="contributor", value=path, message=message)

    def complaints(self, name: str, text: str) -> Complaints:
        """Return what would be remarked of a text in a field's column, where a field is read so."""
        if name not in self._columns or name == "currency":
            return ()
        return self._columns[name].read(Stated(name, text)).said.complaints

    def _finder(self, name: str) -> Callable[[Mapping[str, Any]], Stated | None]:
        find = finder(self.mapping[name]) if name in self.mapping else None
        if name not in self.declaration.defaults:
            return find or (lambda _: None)
        default = Stated("defaults", self.declaration.defaults[name])
        return (lambda record: find(record) or default) if find else (lambda _: default)

    def _stated(self, record: Record, name: str) -> Stated | None:
        return self._find[name](record.fields)

    def _said(self, work: _Work, name: str) -> Said[Any] | None:
        """Return what a field's cell says, having kept where it stood and what is to be remarked."""
        stated = self._find[name](work.record.fields)
        return None if stated is None else self._said_by(work, name, stated)

    def _said_by(self, work: _Work, name: str, stated: Stated) -> Said[Any]:
        cell = self._columns[name].read(stated)
        work.read_from[name] = cell.reading
        for text, message in cell.said.complaints:
            work.remark(name, text, message)
        return cell.said

    def _value(self, work: _Work, name: str) -> Any:
        said = self._said(work, name)
        return said.value if said else None

    def _source_id(self, record: Record) -> str:
        stated = self._stated(record, "source_id")
        source_id = as_text(stated.value) if stated else ""
        if not source_id:
            message = f"the record states no id at {self.mapping.get('source_id')!r}"
            raise RowRejectedError("missing_id", message, field="source_id")
        if len(source_id) > LONGEST_ID:
            message = f"the id has {len(source_id)} letters, more than {LONGEST_ID}"
            raise RowRejectedError("too_long", message, field="source_id", value=source_id)
        return source_id

    def _listing(self, work: _Work) -> Listing:
        title, titles = self._titles(work.record)
        # A title made from columns says nothing that they do not: "Silver" in it is the colour's.
        told = "" if "{" in self.mapping.get("title", "") else title
        price, list_price = self._prices(work)
        metal = self._metal(work, told)
        images, complaints = image_mentions(
            work.record.fields, self.mapping, self.declaration, work.source_id
        )
        for complaint in complaints:
            work.remark("images", "", complaint)
        if self.declaration.format == "images" and isinstance(work.record.fields.get("sha256"), str):
            work.read_from["images"] = Reading(column="sha256", raw=as_text(work.record.fields["sha256"]))
        stated_currency = price or list_price
        more = self._beyond_the_offer(work) if self._says_more else {}
        return Listing(
            place=work.record.place,
            source_id=work.source_id,
            title=title,
            titles=titles,
            description=self._description(work),
            url=self._url(work),
            brand=self._short_text(work, "brand", LONGEST_BRAND),
            category=self._category(work, told),
            metal=metal.metal,
            metal_colour=metal.metal_colour,
            fineness=metal.fineness,
            plating=metal.plating,
            stones=self._several(work, "stones", told),
            styles=self._several(work, "styles", None),
            colour=self._value(work, "colour"),
            dimensions_mm=self._dimensions(work),
            weight_g=self._value(work, "weight"),
            gtin=self._value(work, "gtin"),
            mpn=self._code(work, "mpn"),
            sku=self._code(work, "sku"),
            certificate=self._code(work, "certificate") or _certificate_number(more),
            availability=self._value(work, "availability") or "unknown",
            price_minor=price.minor if price else None,
            list_price_minor=list_price.minor if list_price else None,
            currency=stated_currency.currency if stated_currency else None,
            rating=self._value(work, "rating"),
            images=images,
            read_from=work.read_from,
            **more,
        )

    def _titles(self, record: Record) -> tuple[str, dict[str, str]]:
        titles = {}
        for name in self._title_languages:
            text = _line(self._stated(record, name))
            if text:
                titles[name.removeprefix("title.")] = shortened(text, LONGEST_TITLE)
        title = _line(self._stated(record, "title"))
        title = title or titles.get(self.language) or next(iter(titles.values()), "")
        if not title:
            message = f"the record states no title at {self.mapping.get('title')!r}"
            raise RowRejectedError("missing_title", message, field="title")
        if len(title) > LONGEST_TITLE:
            message = f"the title has {len(title)} letters, more than {LONGEST_TITLE}"
            raise RowRejectedError("too_long", message, field="title", value=title)
        return title, ({self.language: title} | titles if titles else {})

    def _prices(self, work: _Work) -> tuple[Money | None, Money | None]:
        price = self._money(work, "price", self._currency(work))
        try:
            list_price = self._money(work, "list_price", price.currency if price else self._currency(work))
        except RowRejectedError as unreadable:
            if price is None:
                raise
            work.remark("list_price", unreadable.value or "", str(unreadable))
            return price, None
        if price is None or list_price is None:
            return price or list_price, None
        if list_price.currency != price.currency:
            message = f"the list price is in {list_price.currency}, the price in {price.currency}: left out"
            work.remark("list_price", work.read_from["list_price"].raw, message)
            return price, None
        if list_price.minor == price.minor:
            return price, None
        if list_price.minor < price.minor:
            if self.declaration.format.startswith("google_merchant"):
                return list_price, None  # the sale price counts only when it is lower
            message = "the list price is below the price: are the two columns exchanged?"
            work.remark("list_price", work.read_from["list_price"].raw, message)
            return price, None
        return price, list_price

    def _currency(self, work: _Work) -> str | None:
        said = self._said(work, "currency")
        return said.value if said else self.declaration.currency

    def _currency_of(self, text: str) -> Said[str]:
        try:
            return Said(read_money(f"1 {text}", currency=self.declaration.currency, language="en").currency)
        except UnreadableValueError:
            message = f"{text!r} is no currency we know: write an ISO 4217 code"
            raise RowRejectedError("bad_price", message, field="currency", value=text) from None

    def _money(self, work: _Work, name: str, currency: str | None) -> Money | None:
        stated = self._stated(work.record, name)
        if stated is None:
            return None
        if currency not in self._money_columns:
            self._money_columns[currency] = Column(partial(self._money_of, currency))
        number = _is_number(stated.value)
        cell = self._money_columns[currency].read(stated)
        if number:  # a number of a document is taken as it is
            cell = cell._replace(said=self._money_of(currency, stated.value))
        work.read_from[name] = cell.reading
        for value, message in cell.said.complaints:
            reason = "no_currency" if "states no currency" in message else "bad_price"
            raise RowRejectedError(reason, shortened(message, 300), field=name, value=value)
        money: Money = cell.said.value
        return money

    def _money_of(self, currency: str | None, value: Any) -> Said[Money | None]:
        try:
            return Said(read_money(value, currency=currency, language=self.number_language))
        except UnreadableValueError as error:
            return Said(None, ((as_text(value), str(error)),))

    def _description(self, work: _Work) -> str | None:
        stated = self._stated(work.record, "description")
        if stated is None:
            return None
        value = stated.value
        text = plain_text(value) if isinstance(value, str) else as_text(value)
        if len(text) > LONGEST_DESCRIPTION:
            work.remark("description", text[:80], f"the description was cut to {LONGEST_DESCRIPTION} letters")
        return shortened(text, LONGEST_DESCRIPTION) or None

    def _url(self, work: _Work) -> str | None:
        stated = self._stated(work.record, "url")
        if stated is None:
            return None
        text = as_text(stated.value)
        try:
            parts = urlsplit(text)
            good = parts.scheme in ("http", "https") and bool(parts.hostname)
        except ValueError:
            good = False
        if not good:
            work.remark("url", text, "the address is no http(s) URL")
            return None
        return text

    def _short_text(self, work: _Work, name: str, length: int) -> str | None:
        text = _line(self._stated(work.record, name))
        if len(text) > length:
            work.remark(name, text, f"the value has {len(text)} letters, more than {length}: left out")
            return None
        return text or None

    def _code(self, work: _Work, name: str) -> str | None:
        text = self._short_text(work, name, LONGEST_CODE)
        code = clean_part_number(text) if text else None
        if code is not None and len(code) > LONGEST_CODE:  # capitals can be longer: ß is SS
            work.remark(name, code, f"the value has more than {LONGEST_CODE} letters: left out")
            return None
        return code

    def _category(self, work: _Work, title: str) -> str | None:
        said = self._said(work, "category")
        if said is not None:
            if isinstance(said.value, cell_values.OtherGoods):
                text = work.read_from["category"].raw
                raise RowRejectedError("not_jewelry", said.value.message, field="category", value=text)
            if said.value is not None or said.complaints:
                category: str | None = said.value
                return category
        found = vocabulary.category_in(title, language=self.language)
        if found is not None:
            work.read_from["category"] = Reading(column="title", raw=shortened(title, LONGEST_RAW))
        return found

    def _metal(self, work: _Work, title: str) -> MetalStatement:
        statements: dict[str, MetalStatement] = {}
        for name in METAL_FIELDS:
            said = self._said(work, name)
            if said is not None:
                statements[name] = said.value
        if "metal" not in statements or (
            statements["metal"] == _NOTHING_SAID
            and cell_values.says_nothing_of_metal(work.read_from["metal"].raw)
        ):
            from_title = read_metal(title, language=self.language)
            if from_title.says_something and not any(one.metal for one in statements.values()):
                statements["title"] = from_title
        return self._merged_metal(work, statements, title) if statements else _NOTHING_SAID

    def _merged_metal(self, work: _Work, statements: dict[str, MetalStatement], title: str) -> MetalStatement:
        merged = merge_statements(tuple(statements.items()))
        if merged.conflict:
            work.remark("metal", work.read_from["metal"].raw, merged.conflict)
        from_title: Reading | None = None
        for part, name in merged.sources:
            if name == "title":
                from_title = from_title or Reading(column="title", raw=shortened(title, LONGEST_RAW))
                work.read_from[part] = from_title
            elif part not in work.read_from:
                work.read_from[part] = work.read_from[name]
        return merged.statement

    def _several(self, work: _Work, name: str, title: str | None) -> tuple[str, ...]:
        path = self.mapping.get(name)
        values = list(all_stated(work.record.fields, path)) if path else []
        if not values and name in self.declaration.defaults:
            values = [Stated("defaults", self.declaration.defaults[name])]
        if values:
            joined = values[0].value if len(values) == 1 else ", ".join(as_text(one.value) for one in values)
            terms: tuple[str, ...] = self._said_by(work, name, Stated(values[0].path, joined)).value
            return terms
        found = vocabulary.find_all(_WORD_LISTS[name], title, language=self.language) if title else ()
        if found and title:
            work.read_from[name] = Reading(column="title", raw=shortened(title, LONGEST_RAW))
        return found

    def _beyond_the_offer(self, work: _Work) -> dict[str, Any]:
        """Return the fields that few feeds have: none of this is asked of a feed that maps none of them."""
        return {
            "origin": self._short_text(work, "origin", LONGEST_CODE),
            "certificate_details": self._certificate_details(work) or None,
            "contributor": self._contributor(work) if "contributor" in self.mapping else None,
            "claims": self._claims(work),
            "attachments": self._attachments(work) if self._has_attachments else (),
            "tax": self._value(work, "tax"),
            "tax_percent": self._value(work, "tax_percent"),
        }

    def _certificate_details(self, work: _Work) -> dict[str, Any]:
        stated = {}
        for name in self._certificate_parts:
            found = self._stated(work.record, name)
            if found is not None:
                stated[name.removeprefix("certificate_details.")] = work.note(name, found)
        details, complaints = read_certificate(stated)
        for part, text, message in complaints:
            work.remark(f"certificate_details.{part}", text, message)
        return details

    def _contributor(self, work: _Work) -> str | None:
        """Return the contributor's pseudonym; what the feed calls them is kept nowhere."""
        stated = self._stated(work.record, "contributor")
        return self._pseudonyms.of(as_text(stated.value)) if stated else None

    def _claims(self, work: _Work) -> dict[str, str] | None:
        stated = {}
        for name in self._claim_parts:
            found = self._stated(work.record, name)
            if found is not None:
                stated[name.removeprefix("claims.")] = shortened(as_text(found.value), LONGEST_RAW)
        return claim_of(stated) or None

    def _attachments(self, work: _Work) -> tuple[AttachmentMention, ...]:
        mentions, complaints = attachment_mentions(work.record.fields, self.mapping)
        for complaint in complaints:
            work.remark("attachments", "", complaint)
        return mentions

    def _dimensions(self, work: _Work) -> dict[str, float]:
        lengths: dict[str, float] = {}
        for key in self._lengths:
            name = key.removeprefix("dimensions_mm.")
            said = self._said(work, key)
            if said is not None:  # what a column is named for counts more than what a text says in passing
                lengths = said.value | lengths if name == "*" else lengths | said.value
        for key in self._ring_sizes:
            said = self._said(work, key)
            if said is not None:
                lengths = said.value | lengths
        return dict(sorted(lengths.items()))


def _certificate_number(more: Mapping[str, Any]) -> str | None:
    details = more.get("certificate_details") or {}
    return clean_part_number(details["number"]) if "number" in details else None


def _line(stated: Stated | None) -> str:
    if stated is None:
        return ""
    text = as_text(stated.value)
    return plain_line(text) if may_hold_markup(text) else text


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
