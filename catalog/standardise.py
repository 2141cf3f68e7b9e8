"""From a record, in the feed's words, to a listing in ours.

A record without an id or title, or with a price that cannot be read, is a Reject.  Every other value that
cannot be read leaves its field empty and gets a Remark; ``read_from`` keeps the raw text of each
interpreted field.  Category, metal and stones come from the title only where no column states them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from catalog import vocabulary
from catalog.declarations import FeedDeclaration
from catalog.dimensions import read_labelled_lengths, read_lengths, read_weight
from catalog.errors import UnreadableValueError
from catalog.field_paths import Stated, all_stated, as_text, first_stated, holds
from catalog.fineness import read_fineness
from catalog.formats import FORMATS
from catalog.identifiers import clean_part_number, read_gtin
from catalog.image_mentions import image_mentions
from catalog.listing import Listing, Reading, Reject, Remark
from catalog.metals import MetalStatement, read_metal
from catalog.money import Money, read_money
from catalog.other_goods import levels_of, other_goods_stated
from catalog.readers.record import Record
from catalog.texts import plain_line, plain_text, shortened

LONGEST_ID = 235
LONGEST_TITLE = 2000
LONGEST_BRAND = 200
LONGEST_CODE = 100
LONGEST_DESCRIPTION = 100_000
LONGEST_RAW = 500

_METAL_FIELDS = ("metal", "fineness", "plating", "metal_colour")


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

    def __init__(self, declaration: FeedDeclaration) -> None:
        self.declaration = declaration
        self.language = declaration.language
        form = FORMATS[declaration.format]
        self.number_language = "en" if form.plain_numbers else declaration.language
        self.mapping = {**form.mapping, **declaration.mapping}
        self._never_held = dict(declaration.mapping)

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

    def _stated(self, record: Record, name: str) -> Stated | None:
        path = self.mapping.get(name)
        stated = first_stated(record.fields, path) if path else None
        if stated is None and name in self.declaration.defaults:
            return Stated(path="defaults", value=self.declaration.defaults[name])
        return stated

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
            stones=self._several(work, "stones", "stone", told),
            styles=self._several(work, "styles", "style", None),
            colour=self._one_of_several(work, "colour"),
            dimensions_mm=self._dimensions(work),
            weight_g=self._parsed(work, "weight", lambda text: read_weight(text)),
            gtin=self._parsed(work, "gtin", read_gtin),
            mpn=self._code(work, "mpn"),
            sku=self._code(work, "sku"),
            certificate=self._code(work, "certificate"),
            availability=self._availability(work),
            price_minor=price.minor if price else None,
            list_price_minor=list_price.minor if list_price else None,
            currency=stated_currency.currency if stated_currency else None,
            rating=self._parsed(work, "rating", _rating),
            images=images,
            read_from=work.read_from,
        )

    def _titles(self, record: Record) -> tuple[str, dict[str, str]]:
        titles = {}
        for name in self.mapping:
            if name.startswith("title."):
                stated = self._stated(record, name)
                text = plain_line(as_text(stated.value)) if stated else ""
                if text:
                    titles[name.removeprefix("title.")] = shortened(text, LONGEST_TITLE)
        stated = self._stated(record, "title")
        title = plain_line(as_text(stated.value)) if stated else ""
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
        stated = self._stated(work.record, "currency")
        if stated is None:
            return self.declaration.currency
        text = work.note("currency", stated)
        try:
            return read_money(f"1 {text}", currency=self.declaration.currency, language="en").currency
        except UnreadableValueError:
            message = f"{text!r} is no currency we know: write an ISO 4217 code"
            raise RowRejectedError("bad_price", message, field="currency", value=text) from None

    def _money(self, work: _Work, name: str, currency: str | None) -> Money | None:
        stated = self._stated(work.record, name)
        if stated is None:
            return None
        text = work.note(name, stated)
        value = stated.value if _is_number(stated.value) else text
        try:
            return read_money(value, currency=currency, language=self.number_language)
        except UnreadableValueError as error:
            reason = "no_currency" if "states no currency" in str(error) else "bad_price"
            raise RowRejectedError(reason, shortened(str(error), 300), field=name, value=text) from None

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
        stated = self._stated(work.record, name)
        text = plain_line(as_text(stated.value)) if stated else ""
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
        stated = self._stated(work.record, "category")
        if stated is not None:
            text = work.note("category", stated)
            self._require_jewelry(text)
            found = self._category_of(text)
            if found is not None:
                return found
            if not all(vocabulary.says_nothing("category", part) for part in levels_of(text)):
                work.remark("category", text, "the category is none we know: it was left empty")
                return None
        found = vocabulary.category_in(title, language=self.language)
        if found is not None:
            work.read_from["category"] = Reading(column="title", raw=shortened(title, LONGEST_RAW))
        return found

    def _require_jewelry(self, text: str) -> None:
        goods = other_goods_stated(text, language=self.language)
        if goods is not None:
            message = (
                f"the category says {goods.replace('_', ' ')}, no jewelry: where the feed means something "
                "else by it, map category to another column"
            )
            raise RowRejectedError("not_jewelry", message, field="category", value=text)

    def _category_of(self, text: str) -> str | None:
        for level in reversed(levels_of(text)):
            term = vocabulary.look_up("category", level, language=self.language)
            term = term or vocabulary.category_in(level, language=self.language)
            if term is not None:
                return term
        return None

    def _metal(self, work: _Work, title: str) -> MetalStatement:
        statements: dict[str, MetalStatement] = {}
        for name in _METAL_FIELDS:
            stated = self._stated(work.record, name)
            if stated is not None:
                text = work.note(name, stated)
                statements[name] = self._metal_statement(work, name, text)
        if "metal" not in statements or _says_nothing_of_metal(work.read_from["metal"].raw):
            from_title = read_metal(title, language=self.language)
            if from_title.says_something and not any(one.metal for one in statements.values()):
                statements["title"] = from_title
        return self._merged_metal(work, statements, title)

    def _metal_statement(self, work: _Work, name: str, text: str) -> MetalStatement:
        if name == "metal_colour" or name == "plating":
            whole = vocabulary.look_up("metal_colour" if name == "metal_colour" else "plating", text)
            if whole is None and name == "plating":  # a plating column may name the bare metal
                metal = vocabulary.look_up("metal", text, language=self.language)
                whole = metal if metal in vocabulary.terms("plating") else None
            if whole is not None:
                colour = read_metal(text, language=self.language).metal_colour
                if name == "metal_colour":
                    return MetalStatement(metal_colour=whole)
                return MetalStatement(plating=whole, metal_colour=colour)
        said = read_metal(text, language=self.language)
        if name == "fineness":
            try:
                said = MetalStatement(
                    metal=said.metal,
                    metal_colour=said.metal_colour,
                    fineness=read_fineness(text),
                    plating=said.plating,
                    several=said.several,
                )
            except UnreadableValueError as error:
                if not said.says_something:
                    work.remark(name, text, str(error))
            return said
        if name == "metal" and not said.says_something:
            whole = vocabulary.look_up("metal", text, language=self.language)
            if whole is not None:
                return MetalStatement(metal=whole)
        if said.several and name == "metal":
            work.remark(
                name, text, f"the text names several metals ({', '.join(said.several)}): none was chosen"
            )
        elif not said.says_something and not _says_nothing_of_metal(text):
            work.remark(name, text, f"the {name.replace('_', ' ')} is none we know: it was left empty")
        return said

    def _merged_metal(self, work: _Work, statements: dict[str, MetalStatement], title: str) -> MetalStatement:
        """Take each part from its own column first, then from the others.

        Where the metal column names what another column says is only the plating ("Rose Gold" beside "925
        Silver with Rose Gold Plating"), the fuller statement explains the bare one.
        """
        order = [name for name in (*_METAL_FIELDS, "title") if name in statements]
        said = statements.get("metal")
        if said is not None and said.metal is not None and said.plating is None:
            for name in order:
                other = statements[name]
                if other.metal not in (None, said.metal):
                    if other.plating == said.metal:
                        statements["metal"] = MetalStatement(
                            metal=other.metal, metal_colour=said.metal_colour
                        )
                    elif name != "title":
                        message = (
                            f"the metal is {said.metal}, but {name} says {other.metal}: the former was taken"
                        )
                        work.remark("metal", work.read_from["metal"].raw, message)
                        statements[name] = MetalStatement(metal_colour=other.metal_colour)
                    break
        parts: dict[str, Any] = {}
        for part in ("metal", "metal_colour", "fineness", "plating"):
            for name in (part, *(one for one in order if one != part)):
                value = getattr(statements[name], part) if name in statements else None
                if value is not None:
                    parts[part] = value
                    if name == "title":
                        work.read_from[part] = Reading(column="title", raw=shortened(title, LONGEST_RAW))
                    elif part not in work.read_from:
                        work.read_from[part] = work.read_from[name]
                    break
        return MetalStatement(**parts)

    def _several(
        self, work: _Work, name: str, vocabulary_name: vocabulary.Field, title: str | None
    ) -> tuple[str, ...]:
        path = self.mapping.get(name)
        values = list(all_stated(work.record.fields, path)) if path else []
        if not values and name in self.declaration.defaults:
            values = [Stated(path="defaults", value=self.declaration.defaults[name])]
        if values:
            joined = ", ".join(as_text(one.value) for one in values)
            work.read_from[name] = Reading(column=values[0].path, raw=shortened(joined, LONGEST_RAW))
            terms: dict[str, None] = {}
            for part in (part.strip() for part in joined.replace(";", ",").split(",")):
                whole = vocabulary.look_up(vocabulary_name, part, language=self.language)
                found = (
                    (whole,) if whole else vocabulary.find_all(vocabulary_name, part, language=self.language)
                )
                terms.update(dict.fromkeys(found))
                if (
                    part
                    and not found
                    and not vocabulary.names_another_field(vocabulary_name, part, language=self.language)
                ):
                    work.remark(name, part, f"{part!r} is none of the {name} we know: it was left out")
            return tuple(terms)
        found = vocabulary.find_all(vocabulary_name, title, language=self.language) if title else ()
        if found and title:
            work.read_from[name] = Reading(column="title", raw=shortened(title, LONGEST_RAW))
        return found

    def _one_of_several(self, work: _Work, name: vocabulary.Field) -> str | None:
        stated = self._stated(work.record, name)
        if stated is None:
            return None
        text = work.note(name, stated)
        term = vocabulary.look_up(name, text, language=self.language)
        found = (term,) if term else vocabulary.find_all(name, text, language=self.language)
        if len(found) == 1:
            return found[0]
        if found:
            return "multicolour"
        if not vocabulary.says_nothing(name, text):
            work.remark(name, text, f"the {name} is none we know: it was left empty")
        return None

    def _dimensions(self, work: _Work) -> dict[str, float]:
        lengths: dict[str, float] = {}
        for key in self.mapping.keys() | self.declaration.defaults.keys():
            if not key.startswith("dimensions_mm."):
                continue
            stated = self._stated(work.record, key)
            if stated is None:
                continue
            text = work.note(key, stated)
            name = key.removeprefix("dimensions_mm.")
            try:
                found = (
                    read_labelled_lengths(text, language=self.language)
                    if name == "*"
                    else read_lengths(text, name)
                )
            except UnreadableValueError as error:
                work.remark(key, text, str(error))
                continue
            if name == "*" and not found:
                work.remark(key, text, "the text names no length with a unit")
            for measure, length in found.items():
                if name == "*":
                    lengths.setdefault(measure, length)
                else:
                    lengths[measure] = length
        return dict(sorted(lengths.items()))

    def _parsed(self, work: _Work, name: str, parse: "Callable[[str], Any]") -> Any:
        stated = self._stated(work.record, name)
        if stated is None:
            return None
        text = work.note(name, stated)
        try:
            return parse(text)
        except UnreadableValueError as error:
            work.remark(name, text, str(error))
            return None

    def _availability(self, work: _Work) -> str:
        stated = self._stated(work.record, "availability")
        if stated is None:
            return "unknown"
        text = work.note("availability", stated)
        if _is_number(stated.value) or text.removeprefix("-").isdecimal():
            try:
                return "in_stock" if Decimal(text) > 0 else "out_of_stock"  # a count of pieces
            except InvalidOperation:
                return "unknown"
        term = vocabulary.look_up("availability", text.rpartition("/")[2], language=self.language)
        if term is None:
            work.remark("availability", text, "the availability is none we know: it was left unknown")
        return term or "unknown"


def _says_nothing_of_metal(text: str) -> bool:
    return all(vocabulary.says_nothing("metal", part) for part in text.replace("/", ",").split(","))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _rating(text: str) -> float:
    try:
        rating = Decimal(text.replace(",", ".").split("/")[0].strip())
    except InvalidOperation:
        message = f"rating {text!r} is no number"
        raise UnreadableValueError(message) from None
    if not rating.is_finite() or not 0 <= rating <= 100:
        message = f"rating {text!r} is outside 0 to 100"
        raise UnreadableValueError(message)
    return float(rating)
