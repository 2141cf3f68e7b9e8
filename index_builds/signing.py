"""Ed25519 signatures over documents, each bound to the role that its document plays.

What is signed is DSSE's pre-authentication encoding of role and bytes (Dead Simple Signing Envelope v1,
https://github.com/secure-systems-lab/dsse), so that a signature under one role is none under another.  Key
ids only say which key to try; what counts is that a trusted key verifies.
"""

import base64
import binascii
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from index_builds.canonical import canonical_json
from index_builds.errors import (
    SignatureInvalidError,
    SignatureMissingError,
    SigningKeyError,
    UnknownKeyError,
)
from index_builds.settings import SigningSettings
from storage.objects import sha256_hex

MANIFEST_ROLE = "application/vnd.loupe.manifest+json"
POINTER_ROLE = "application/vnd.loupe.pointer+json"
_PREFIX = "ed25519:"


class Signature(BaseModel):
    """One key's signature, base64; ``keyid`` is the SHA-256 of the public key's 32 bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    keyid: str
    sig: str


class Signatures(BaseModel):
    """The signatures of one document; its bytes lie beside it, or in ``payload`` (base64)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    payload_type: str = Field(alias="payloadType")
    payload: str | None = None
    signatures: tuple[Signature, ...]

    def to_json(self) -> bytes:
        """Return the envelope's bytes."""
        return canonical_json(self.model_dump(mode="json", by_alias=True, exclude_none=True))


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Who signed: 32 bytes, written ``ed25519:`` and base64 in the settings."""

    raw: bytes

    @classmethod
    def parse(cls, text: str) -> "PublicKey":
        """Read a public key as it is written in the settings, or raise SigningKeyError."""
        try:
            raw = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        if not text.startswith(_PREFIX) or len(raw) != 32:
            message = (
                f"{text!r} is no public key: write {_PREFIX} and 44 letters, as `loupe keys show` prints it"
            )
            raise SigningKeyError(message)
        return cls(raw)

    @property
    def key_id(self) -> str:
        """SHA-256 of the key, 64 hexadecimal digits."""
        return sha256_hex(self.raw)

    def __str__(self) -> str:
        return _PREFIX + base64.b64encode(self.raw).decode()


class SigningKey:
    """A private key.  Its text form shows the public one."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = PublicKey(private.public_key().public_bytes_raw())

    @classmethod
    def create(cls) -> "SigningKey":
        """Draw a new key."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_pem(cls, pem: bytes, what: str) -> "SigningKey":
        """Read an unencrypted PKCS #8 key in PEM.

        Args:
            pem: The key.  It is never repeated in a message.
            what: Names where it came from in errors.

        Raises:
            SigningKeyError: If it is no Ed25519 key, or is encrypted.
        """
        try:
            private = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            private = None
        if not isinstance(private, Ed25519PrivateKey):
            message = (
                f"{what} is no unencrypted Ed25519 private key in PEM: make one with `loupe keys create FILE`"
            )
            raise SigningKeyError(message)
        return cls(private)

    @classmethod
    def from_file(cls, path: Path) -> "SigningKey":
        """Read a key file.

        Raises:
            SigningKeyError: If it cannot be read, is no key, or others than its owner may read it.
        """
        try:
            mode = path.stat().st_mode
            pem = path.read_bytes()
        except OSError as error:
            message = f"private key {path} cannot be read: {error.strerror}; see signing.private_key_file"
            raise SigningKeyError(message) from error
        if mode & 0o077:
            message = f"private key {path} has mode {mode & 0o777:04o}, others may use it: chmod 600 {path}"
            raise SigningKeyError(message)
        return cls.from_pem(pem, str(path))

    def write(self, path: Path) -> None:
        """Write the key to a new file that its owner alone may read.

        Raises:
            SigningKeyError: If there is a file already, or it cannot be made.
        """
        pem = self._private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        try:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
                file.write(pem)
                file.flush()
                os.fsync(file.fileno())
        except FileExistsError as error:
            message = f"{path} exists: a key is never written over another one; name a new file"
            raise SigningKeyError(message) from error
        except OSError as error:
            message = f"private key {path} cannot be written: {error.strerror}"
            raise SigningKeyError(message) from error

    def sign(self, role: str, document: bytes) -> Signature:
        """Return this key's signature over a document in a role."""
        sig = self._private.sign(_encoded(role, document))
        return Signature(keyid=self.public.key_id, sig=base64.b64encode(sig).decode())

    def __repr__(self) -> str:
        return f"SigningKey({self.public})"


class TrustedKeys:
    """The keys whose word counts; any one of them suffices."""

    def __init__(self, keys: Iterable[PublicKey]) -> None:
        self.keys: Mapping[str, PublicKey] = {key.key_id: key for key in keys}

    def vouch(self, role: str, document: bytes, signature: Signature) -> bool:
        """Tell whether a signature is a trusted key's over this document in this role."""
        key = self.keys.get(signature.keyid)
        return key is not None and _verifies(key, role, document, signature)

    def verify(self, role: str, document: bytes, signed: Signatures, what: str) -> None:
        """Check that a trusted key signed a document in a role.

        Args:
            role: What the document is read as.
            document: Its bytes.
            signed: Its signatures.
            what: Names it in errors.

        Raises:
            SignatureInvalidError: If a trusted key's signature is over something else.
            UnknownKeyError: If none but unknown keys signed it.
        """
        if any(self.vouch(role, document, one) for one in signed.signatures):
            return
        tried = [one for one in signed.signatures if one.keyid in self.keys]
        if tried:
            message = (
                f"{what} is not what key {tried[0].keyid[:12]} signed: it was changed, or is another "
                "document; restore it, or build and promote again where the signing key is"
            )
            raise SignatureInvalidError(message)
        signers = ", ".join(one.keyid[:12] for one in signed.signatures) or "nobody"
        message = (
            f"{what} is signed by {signers}, and signing.trusted_keys has "
            f"{', '.join(key_id[:12] for key_id in self.keys)}: trust the key if it is yours, "
            "else find out who wrote this"
        )
        raise UnknownKeyError(message)


@dataclass(frozen=True)
class Signing:
    """How a snapshot store signs, and what it demands.

    Attributes:
        load_key: Gives the private key where it is needed; ``None``: this deployment signs nothing.
        trusted: Whose signatures are demanded; ``None``: none are.
        max_age: How long a statement about a pointer holds.
        clock: Gives the present moment, aware.
    """

    load_key: Callable[[], SigningKey] | None
    trusted: TrustedKeys | None
    max_age: timedelta
    clock: Callable[[], datetime]

    @cached_property
    def key(self) -> SigningKey | None:
        """The private key, read when first needed; ``None`` where nothing is signed.

        Raises:
            SigningKeyError: If it cannot be read, signatures are demanded and nothing can sign, or what it
                signs would not be trusted.
        """
        if self.load_key is None:
            if self.trusted is None:
                return None
            message = (
                "signing.trusted_keys are set and no private key is: what is published here would be "
                "refused; set signing.private_key_file, or publish and promote where the key is"
            )
            raise SigningKeyError(message)
        key = self.load_key()
        if self.trusted is not None and key.public.key_id not in self.trusted.keys:
            message = (
                f"the private key's public key {key.public} is none of signing.trusted_keys: "
                "what it signs would be refused; add it wherever snapshots are read, then sign with it"
            )
            raise SigningKeyError(message)
        return key


def open_signing(settings: SigningSettings, clock: Callable[[], datetime]) -> Signing | None:
    """Return how a deployment signs and what it demands; ``None`` where neither key is set.

    Raises:
        SigningKeyError: If a trusted key is none.
    """
    pem, file = settings.private_key, settings.private_key_file
    load_key: Callable[[], SigningKey] | None = None
    if pem is not None:
        text = pem.get_secret_value().encode()
        load_key = lambda: SigningKey.from_pem(text, "signing.private_key")  # noqa: E731
    elif file:
        load_key = lambda: SigningKey.from_file(Path(file))  # noqa: E731
    keys = [PublicKey.parse(one) for one in settings.trusted_keys]
    if load_key is None and not keys:
        return None
    return Signing(
        load_key=load_key,
        trusted=TrustedKeys(keys) if keys else None,
        max_age=timedelta(hours=settings.max_age_hours),
        clock=clock,
    )


def detached(role: str, signatures: Sequence[Signature]) -> bytes:
    """Return the bytes of the file that lies beside a signed document."""
    return Signatures(payloadType=role, signatures=tuple(signatures)).to_json()


def enveloped(role: str, document: bytes, signatures: Sequence[Signature]) -> bytes:
    """Return a document and its signatures as one DSSE envelope."""
    payload = base64.b64encode(document).decode()
    return Signatures(payloadType=role, payload=payload, signatures=tuple(signatures)).to_json()


def read_signatures(data: bytes, what: str) -> Signatures:
    """Read what :func:`detached` or :func:`enveloped` wrote.

    Raises:
        SignatureMissingError: If it holds no signatures.
    """
    try:
        return Signatures.model_validate_json(data, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        message = f"{what} holds no signatures ({first['msg']}): restore it, or `loupe snapshots sign`"
        raise SignatureMissingError(message) from error


def document_of(signed: Signatures, what: str) -> bytes:
    """Return the bytes that an envelope carries; SignatureInvalidError where it carries none."""
    try:
        return base64.b64decode(signed.payload or "", validate=True)
    except (binascii.Error, ValueError) as error:
        message = f"{what} carries no document: restore it, or promote again"
        raise SignatureInvalidError(message) from error


def _verifies(key: PublicKey, role: str, document: bytes, signature: Signature) -> bool:
    try:
        sig = base64.b64decode(signature.sig, validate=True)
        Ed25519PublicKey.from_public_bytes(key.raw).verify(sig, _encoded(role, document))
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def _encoded(role: str, document: bytes) -> bytes:
    """Return DSSE's pre-authentication encoding: every length stated, so that nothing reads two ways."""
    name = role.encode()
    return b"DSSEv1 %d %b %d %b" % (len(name), name, len(document), document)
