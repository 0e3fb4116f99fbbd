"""What happens to a request as a whole: its states, its decisions, and the steps between them."""
