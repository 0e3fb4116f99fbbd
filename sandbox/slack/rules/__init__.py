"""What the local Slack refuses, in one table, and how a value is held against it."""
