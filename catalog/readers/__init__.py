"""Readers of feed formats, one file per format."""
