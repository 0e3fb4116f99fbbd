"""Someone asks: one module for each way in."""
