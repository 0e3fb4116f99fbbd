"""The migrations of the database, in order. They never change once released; the newest makes `schema.py`."""
