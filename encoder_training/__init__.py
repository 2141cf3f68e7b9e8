"""Training of the shipped encoder on renders of the sample house: pieces, pictures, captions, loss, export.

Not installed in production and imported by no other room: serving and assets load what this room exports.
Never reads ``../shared/real``; those photographs only measure, in ``benchmarks/relevance.py``.
"""
