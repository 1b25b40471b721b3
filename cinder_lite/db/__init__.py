# SPDX-License-Identifier: Apache-2.0
"""The database: the only room that knows SQLAlchemy. One module of queries per table."""
