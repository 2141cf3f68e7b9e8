"""Everything that can go wrong between vectors and a promoted snapshot.

Each message carries the value that was found and what to do about it.
"""


class IndexBuildError(Exception):
    """A snapshot could not be built, read, judged or promoted."""


class BuildInputError(IndexBuildError):
    """What was handed to a build cannot become an index: wrong shapes, lengths, repeated or missing keys."""


class BuildBusyError(IndexBuildError):
    """Another process of this machine is building the same collection."""


class SnapshotMissingError(IndexBuildError):
    """There is no such snapshot, or one of the objects that it names is gone."""


class SnapshotDamagedError(IndexBuildError):
    """A manifest or a file is not what its digest says, or does not load."""


class ManifestFormatError(SnapshotDamagedError):
    """A manifest was written in a format that this version does not read, or is not a manifest at all."""


class GateCannotRunError(IndexBuildError):
    """The gate could not measure what it must: never a pass."""


class GateRefusedError(IndexBuildError):
    """The snapshot may not be promoted as it is."""


class PromotionConflictError(IndexBuildError):
    """The pointer was moved by somebody else in between."""


class RollbackError(IndexBuildError):
    """There is nothing to go back to, or the target was never promoted."""


class GarbageError(IndexBuildError):
    """Nothing was removed, because it is not known what a retained snapshot names."""


class SearchError(IndexBuildError):
    """A search was asked for something that the snapshot cannot answer."""


class UntrustedError(SnapshotDamagedError):
    """No trusted key says what a snapshot or a pointer says."""


class SignatureMissingError(UntrustedError):
    """A signature is demanded, and there is none."""


class SignatureInvalidError(UntrustedError):
    """A trusted key signed something else than what is there."""


class UnknownKeyError(UntrustedError):
    """Whoever signed is not trusted."""


class MixAndMatchError(UntrustedError):
    """Parts that are sound belong to another snapshot, collection or version."""


class PointerRolledBackError(UntrustedError):
    """The pointer stands at a lower version than was seen before.  An operator's rollback is a higher one."""


class PointerFrozenError(UntrustedError):
    """What was said of the pointer has ended, and nobody has said it anew."""


class SigningKeyError(IndexBuildError):
    """A key cannot be read or used."""
