"""Reads promoted snapshots and answers queries.  No Dagster, no great-expectations."""
