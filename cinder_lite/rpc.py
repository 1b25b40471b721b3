# SPDX-License-Identifier: Apache-2.0
"""Messaging: the transport, clients, servers and notifications, all through oslo.messaging."""

from __future__ import annotations

import threading
from typing import Any

import oslo_messaging as messaging
from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import concurrency, exception
from cinder_lite.context import RequestContext

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

EXCHANGE = "cinder_lite"

CASTS_AT_ONCE = 4
"""Casts that a process sends at the same time; the others wait for some milliseconds."""

_casting = threading.BoundedSemaphore(CASTS_AT_ONCE)
_lock = threading.Lock()
_transports: dict[str, Any] = {}


class ContextSerializer(messaging.Serializer):
    """Carries the request context in every message; arguments are JSON already."""

    def serialize_entity(self, context: Any, entity: Any) -> Any:
        """Return an argument as it goes into the message."""
        return entity

    def deserialize_entity(self, context: Any, entity: Any) -> Any:
        """Return an argument as it came out of the message."""
        return entity

    def serialize_context(self, context: Any) -> dict[str, Any]:
        """Return the context as a dictionary."""
        return context if isinstance(context, dict) else context.to_dict()

    def deserialize_context(self, context: dict[str, Any]) -> RequestContext:
        """Return the context that a message carried."""
        return RequestContext.from_dict(context)


def endpoint_target(version: str) -> messaging.Target:
    """Return the ``target`` attribute of an endpoint class that answers up to ``version``."""
    return messaging.Target(version=version)


def transport() -> Any:
    """Return the process's RPC transport, opened at first use."""
    with _lock:
        if "rpc" not in _transports:
            messaging.set_transport_defaults(EXCHANGE)
            # Our own exceptions reach the caller of another process as what they are.
            _transports["rpc"] = messaging.get_rpc_transport(
                CONF, allowed_remote_exmods=[exception.__name__]
            )
        return _transports["rpc"]


def cleanup() -> None:
    """Close the transports: at the end of a process, and in tests."""
    with _lock:
        opened = list(_transports.values())
        _transports.clear()
    for one in opened:
        one.cleanup()


class Client:
    """Casts and calls, as oslo.messaging's client does, over few connections.

    Whoever sends takes a connection from oslo.messaging's pool, which opens another where none is
    free and keeps it for 20 minutes: a burst of casts would leave 30 of them, in this process and
    in the broker.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def prepare(self, **where: Any) -> Client:
        """Return a client of other servers; takes what oslo.messaging's does."""
        return Client(self._client.prepare(**where))

    def cast(self, context: RequestContext, method: str, **arguments: Any) -> None:
        """Have a method called, and do not wait for that."""
        with _casting:
            self._client.cast(context, method, **arguments)

    def call(self, context: RequestContext, method: str, **arguments: Any) -> Any:
        """Call a method and return its answer; errors are oslo.messaging's."""
        return self._client.call(context, method, **arguments)


def client(topic: str, version: str) -> Client:
    """Return a client that casts to and calls servers of ``topic``.

    :param version: the newest version that its methods may ask for
    """
    target = messaging.Target(topic=topic, version=version)
    return Client(messaging.get_rpc_client(transport(), target, serializer=ContextSerializer()))


def call(prepared: Client, who: str, context: RequestContext, method: str, **arguments: Any) -> Any:
    """Call a method of a server and return its answer.

    :param prepared: a client
    :param who: the server in words, for the sentence of a failure
    :raises ServiceUnavailable: it did not answer in time, or could not be asked
    """
    try:
        return prepared.call(context, method, **arguments)
    except (messaging.MessagingTimeout, messaging.MessageDeliveryFailure) as error:
        raise exception.ServiceUnavailable(
            f"{who} did not answer to {method} within {CONF.rpc_response_timeout} seconds."
        ) from error


def server(topic: str, name: str, endpoints: list[Any]) -> Any:
    """Return a server, not started, that answers on ``topic`` and ``topic.name``.

    :param name: this server's own name, unique among the topic's servers
    """
    return messaging.get_rpc_server(
        transport(),
        messaging.Target(topic=topic, server=name),
        endpoints,
        executor=concurrency.backend(),
        serializer=ContextSerializer(),
        access_policy=messaging.DefaultRPCAccessPolicy,
    )


def stop(running: Any) -> None:
    """Take no more messages; what has reached this process is still worked on.

    oslo.messaging (18.3) stops to read, but stays a consumer until its connection is closed at the
    end of ``wait``: what the broker sends meanwhile is acknowledged while the connection closes,
    and nobody works on it. So the consumers are ended first, and what came with the last read is
    handed to the server.

    :param running: a server of :func:`server`, started
    """
    listener = running.listener
    hand_over = listener.on_incoming_callback
    running.stop()
    source = getattr(listener, "_poll_style_listener", None)
    connection = getattr(source, "conn", None)
    if source is None or connection is None:
        return  # messages stay in this process
    try:
        # The thread that read from the connection has ended: it may be used here now.
        for consumer, tag in connection._consumers.items():
            consumer.cancel(tag)
    except Exception as error:
        # A broker that is gone keeps what nobody has acknowledged.
        LOG.warning("The broker could not be told that this service stops: %s", error)
    while messages := source.poll():
        hand_over(messages)


def notifications_enabled() -> bool:
    """Tell whether notifications go anywhere: ``[oslo_messaging_notifications] driver`` is set."""
    _notification_transport()
    drivers = set(CONF.oslo_messaging_notifications.driver)
    return bool(drivers - {"noop"})


def get_notifier(publisher: str) -> Any:
    """Return a notifier whose publisher id is ``publisher.host``.

    Notifications go where ``[oslo_messaging_notifications] driver`` says; by default nowhere.
    """
    return messaging.Notifier(
        _notification_transport(),
        publisher_id=f"{publisher}.{CONF.host}",
        serializer=ContextSerializer(),
    )


def _notification_transport() -> Any:
    """Return the process's transport of notifications, opened at first use."""
    with _lock:
        if "notify" not in _transports:
            messaging.set_transport_defaults(EXCHANGE)
            _transports["notify"] = messaging.get_notification_transport(CONF)
        return _transports["notify"]
