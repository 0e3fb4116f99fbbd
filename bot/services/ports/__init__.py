"""What the services need from outside, by role. Adapters and handlers implement it."""
