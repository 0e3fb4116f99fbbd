"""Local stand-ins for the outside systems, for tests and demos; the product never imports them."""
