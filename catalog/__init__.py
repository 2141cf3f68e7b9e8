"""What we know of jewelry: tables, feed readers, vocabulary, identity, prices, trends.  No Dagster, no FAISS."""
