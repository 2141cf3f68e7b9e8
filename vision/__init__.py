"""Pixels in, numbers out: decoding, measures, renditions, encoders, embedding.  No Dagster, no SQL."""
