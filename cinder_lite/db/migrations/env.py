# SPDX-License-Identifier: Apache-2.0
"""How alembic runs the migrations: on the engine that the services use."""

from __future__ import annotations

from alembic import context

from cinder_lite.db import engine, models

with engine.transaction_engine().connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=models.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
