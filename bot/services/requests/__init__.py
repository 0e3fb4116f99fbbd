"""The worker's work on a request as a whole."""
