"""One use case a module. Services know the domain and the ports, and nothing of Slack's or a database's library."""
