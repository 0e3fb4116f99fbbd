"""What the person who runs the bot can see of it: a log line for each audit event, and metrics."""
