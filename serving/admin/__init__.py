"""Pages for those who run the house: what waits for a person, snapshots, feeds, search quality."""
