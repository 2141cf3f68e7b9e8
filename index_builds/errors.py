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
