"""The goals, one module each: what is measured for it, and what it has to keep to."""
