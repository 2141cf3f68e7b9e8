"""The HTTP API, version 1: one router per subject, and the documented shapes of their answers."""
