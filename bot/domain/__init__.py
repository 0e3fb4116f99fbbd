"""Values and pure rules. Standard library only; time, ids and randomness are passed in."""
