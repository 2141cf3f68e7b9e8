"""What we know of jewelry: feeds, vocabulary, identity, prices, trends.  No Dagster, no FAISS."""
