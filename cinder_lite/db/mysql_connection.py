# SPDX-License-Identifier: Apache-2.0
"""PyMySQL's connections, opened at a tenth of their price.

PyMySQL (1.2) encrypts a connection when the server can, without checking who the server is, unless
the URL asks for that (``ssl_ca``, ``ssl_verify_cert``, …). For every connection it reads all the
certificates of the system, which it does not use then: 15 ms of CPU each.
"""

from __future__ import annotations

import functools
import ssl
from typing import Any

import sqlalchemy as sa


@functools.cache
def _unchecked() -> ssl.SSLContext:
    """Return what encrypts connections to a server that is not checked; one serves all."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@functools.cache
def _connection_class() -> type:
    from pymysql import connections  # only where the database is one of its

    class Connection(connections.Connection):
        """A connection that shares the context of unchecked encryption."""

        def _create_ssl_ctx(self, sslp: Any) -> Any:
            if not sslp:
                return _unchecked()
            inherited: Any = super()
            return inherited._create_ssl_ctx(sslp)

    return Connection


def use(engine: sa.Engine) -> None:
    """Have an engine open such connections."""

    @sa.event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, arguments: Any, options: dict[str, Any]) -> Any:
        return _connection_class()(*arguments, **options)
