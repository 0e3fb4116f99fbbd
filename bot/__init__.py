"""Coupon Guard: two people approve, one coupon is deleted, and what is told is what happened."""

__version__ = "0.1.0"
