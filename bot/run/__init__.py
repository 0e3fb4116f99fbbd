"""How the bot runs: what listens to Slack, and the worker that does what is due."""
