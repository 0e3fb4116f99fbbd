"""Everything that people see in Slack, and the listeners that hear them."""
