"""The channel that every snapshot has; others are named by those who compute them."""

VISUAL = "visual"
