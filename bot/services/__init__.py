"""One use case a module. They know the domain and the ports, and no outside library."""
