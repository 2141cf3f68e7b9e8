"""A small jewelry house in a box: drawn pieces and the feeds that sell them."""
