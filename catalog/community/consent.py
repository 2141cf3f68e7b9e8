"""Consent to show a picture: only what is granted is ever fetched."""

from typing import Literal, get_args

from catalog import vocabulary

Consent = Literal["granted", "missing", "withdrawn"]
STATES: tuple[Consent, ...] = get_args(Consent)
NO_CONSENT = "no_consent"


def read_consent(text: str) -> Consent:
    """Return the state that a feed's text stands for; a word that is not known grants nothing."""
    term = vocabulary.look_up("consent", text)
    if term == "granted":
        return "granted"
    return "withdrawn" if term == "withdrawn" else "missing"


def allows(consent: str | None) -> bool:
    """Tell whether a picture may be fetched and shown; None is a feed that need not ask for consent."""
    return consent in (None, "granted")


def refusal(consent: str | None) -> str:
    """Return why a picture without consent is not fetched."""
    what = "was withdrawn" if consent == "withdrawn" else "is missing"
    return f"the consent to show the picture {what}: it is not fetched, and not shown"
