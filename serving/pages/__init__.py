"""The page: what people search with."""
