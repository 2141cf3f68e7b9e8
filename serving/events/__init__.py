"""What serving records: searches, what they showed, and what people did, off the request's way."""
