"""Alembic's entry: the store hands over its open connection, so that two programs that start at once take turns."""

from alembic import context

from rig.service.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
