# SPDX-License-Identifier: Apache-2.0
"""The RPC endpoints about the levels of logs, which every service has, and their client side."""

from __future__ import annotations

from cinder_lite import log_levels, rpc
from cinder_lite.context import RequestContext


class LogEndpoints:
    """A base class of managers: lets an administrator read and change the levels of logs."""

    def set_log_levels(self, context: RequestContext, prefix: str | None, level: str) -> None:
        """Set the level of every logger whose name begins with a prefix."""
        log_levels.put(prefix, level)

    def get_log_levels(self, context: RequestContext, prefix: str | None) -> dict[str, str]:
        """Return the levels in force of the loggers whose names begin with a prefix."""
        return log_levels.get(prefix)


def set_log_levels(
    prepared: rpc.Client, context: RequestContext, prefix: str | None, level: str
) -> None:
    """Cast to a service: set levels.

    :param prepared: a client of that service
    """
    prepared.cast(context, "set_log_levels", prefix=prefix, level=level)


def get_log_levels(
    prepared: rpc.Client, who: str, context: RequestContext, prefix: str | None
) -> dict[str, str]:
    """Call a service: the levels in force.

    :param prepared: a client of that service
    :param who: the service in words
    :raises ServiceUnavailable: it did not answer
    """
    levels: dict[str, str] = rpc.call(prepared, who, context, "get_log_levels", prefix=prefix)
    return levels
