"""What exists, in reading order of the flow: thin Dagster shells around pure calls."""
