"""The demo: an incident played with real processes, told as a story, every claim in it checked."""
