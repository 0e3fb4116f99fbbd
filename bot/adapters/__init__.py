"""What stands between the services and the outside: Vivoldi, Slack, and the database."""
