"""Vectors in, snapshots out: plans, build, recall, snapshot format, gate, promotion.  No Dagster."""
