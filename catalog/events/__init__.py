"""What is done with pieces and searches: kept under pseudonyms, counted, measured, forgotten in time."""
