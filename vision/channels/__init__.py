"""What a picture's piece is like in one respect: one file a channel, each a unit vector of its own index."""
