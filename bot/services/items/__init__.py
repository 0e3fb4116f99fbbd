"""The worker's work on one coupon."""
