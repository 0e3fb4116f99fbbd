"""A page in the browser: a small Slack to play in, beside it the coupons and what truly happens."""
