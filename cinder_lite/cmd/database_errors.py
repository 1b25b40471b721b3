# SPDX-License-Identifier: Apache-2.0
"""What a failure of the database says to an operator."""

from __future__ import annotations

from sqlalchemy import exc as sa_exc

# SQLite's words, MySQL's numbers and PostgreSQL's classes, of tables and columns that are missing.
_NO_SCHEMA = (
    *("no such table", "no such column"),
    *("(1146,", "(1054,"),
    *("UndefinedTable", "UndefinedColumn"),
)

ERRORS = (sa_exc.SQLAlchemyError, ModuleNotFoundError)
"""What a database raises that can not be used; the latter where its driver is not installed."""


def sentence_of(error: Exception) -> str:
    """Return a database's error in one line, without the statement that met it."""
    text = str(error)
    if any(words in text for words in _NO_SCHEMA):
        return "The database has not this release's tables: run cinder-lite-manage db sync."
    reason = (error.orig if isinstance(error, sa_exc.DBAPIError) else None) or error
    return "The database: " + " ".join(str(reason).split())
