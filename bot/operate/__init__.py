"""What the people who run the bot type: check, audit, snapshots, manifest."""
