"""Run by Alembic. The connection, its transaction and its lock come from `store.engine.migrate`."""

from alembic import context

from bot.adapters.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
