"""The review queue: what waits for a person, with its evidence, and what people's decisions teach."""
