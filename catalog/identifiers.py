"""Identifiers that several sources share: GTIN with its check digit, and a maker's part number."""

from stdnum import ean
from stdnum.exceptions import ValidationError

from catalog.errors import UnreadableValueError
from catalog.texts import clean_text

_PLACEHOLDERS = frozenset(
    {
        "n/a",
        "na",
        "none",
        "null",
        "nil",
        "-",
        "--",
        "0",
        "does not apply",
        "not applicable",
        "unknown",
        "tbd",
        "x",
        ".",
    }
)


def read_gtin(text: str) -> str:
    """Return a GTIN as 14 digits, so that UPC-12 and EAN-13 spellings of one number agree.

    Raises:
        UnreadableValueError: If it is no GTIN, its check digit is wrong, or it is of a range that shops
            number themselves: such a number joins pieces that have nothing in common.
    """
    digits = text.strip().lstrip("'").replace(" ", "").replace("-", "")
    if "e+" in digits.casefold():
        message = f"GTIN {text!r} went through a spreadsheet that rounded it: export the column as text"
        raise UnreadableValueError(message)
    plain = digits.isascii() and digits.isdigit() and len(digits) in (8, 12, 13, 14)
    if plain and ean.calc_check_digit(digits[:-1]) == digits[-1]:  # nothing to take out, as nearly always
        valid = digits
    else:
        try:
            valid = str(ean.validate(digits))
        except ValidationError as error:
            message = f"GTIN {text!r} is not valid: {error}"
            raise UnreadableValueError(message) from error
    gtin = valid.zfill(14)
    if not int(gtin):
        message = f"GTIN {text!r} is a placeholder"
        raise UnreadableValueError(message)
    # GS1 General Specifications 1.4: prefixes 02, 04 and 20-29, of GTIN-8 also 0 and 2, stay in one company.
    inside = gtin[1:3] in {"02", "04"} or gtin[1] == "2" if len(valid) > 8 else valid[0] in "02"
    if inside:
        message = f"GTIN {text!r} is of a range for use inside one shop: it identifies nothing elsewhere"
        raise UnreadableValueError(message)
    return gtin


def clean_part_number(text: str) -> str | None:
    """Return a part number in upper case with single blanks, None for what feeds write for none."""
    cleaned = clean_text(text).strip("'").strip()
    if not cleaned or cleaned.casefold() in _PLACEHOLDERS:
        return None
    return cleaned.upper()
