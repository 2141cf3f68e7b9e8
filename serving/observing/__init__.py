"""What serving says of itself: figures for Prometheus, one log line per request, traces."""
