"""Where bytes and rows live: object store, database engine, migrations.  No Dagster, no domain knowledge."""
