"""How the database is reached: connections, transactions, and their patience."""
