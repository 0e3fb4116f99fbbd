"""How quick the bot is, measured side by side with bare Bolt, and held against its goals: `make bench`."""
