# SPDX-License-Identifier: Apache-2.0
"""Volumes attached to this node for a copy: connected, disconnected, and nothing left behind.

A volume of this backend is used by its path on this node where it has one. One of another backend
is exported by that backend's service, asked over RPC, and connected here by os-brick. What is
connected is noted on this node's disk, so that a service which was killed finds it again.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shlex
import socket
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import concurrency, exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import volumes
from cinder_lite.objects import Snapshot, Volume
from cinder_lite.volume import connection_notes, exports
from cinder_lite.volume.backend import Backend
from cinder_lite.volume.connection_notes import Note, Notes
from cinder_lite.volume.root_helper import root_helper

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

LOCAL_PROTOCOLS = frozenset({"file", "local"})
"""Storage protocols whose volumes need no initiator on this node."""
_TRIES = 2
"""How often a disconnection is tried before it is left to the periodic look."""


class Attached(NamedTuple):
    """A volume that can be read and written on this node."""

    path: Any
    """A device's or file's path, or an object with read and write where there is no path."""
    device: dict[str, Any]
    """What os-brick's connect_volume returned; empty for a volume that has a path here."""
    properties: dict[str, Any]
    """What initialize_connection returned; empty for a volume that has a path here."""


def connector_properties(backend: Backend, protocol: str | None) -> dict[str, Any]:
    """Return what identifies this node to a backend.

    :param protocol: the backend's storage protocol; a local one needs no questions to initiators
    :raises VolumeMigrationFailed: multipath is enforced, and does not run on this node
    """
    if (protocol or "").lower() in LOCAL_PROTOCOLS:
        return {
            "host": socket.gethostname(),
            "ip": CONF.my_ip,
            "multipath": False,
            "do_local_attach": False,
        }
    connector = _os_brick()
    enforced = bool(backend.configuration.enforce_multipath_for_image_xfer)
    try:
        properties: dict[str, Any] = connector.get_connector_properties(
            brick_helper(),
            CONF.my_ip,
            bool(backend.configuration.use_multipath_for_image_xfer),
            enforced,
        )
    except Exception as error:
        if not enforced:
            raise
        raise exception.VolumeMigrationFailed(
            reason="multipath is enforced (enforce_multipath_for_image_xfer), but multipathd does "
            f"not serve {socket.gethostname()}: {error}"
        ) from error
    return {**properties, "enforce_multipath": enforced}


@contextlib.contextmanager
def attached(
    backend: Backend,
    context: RequestContext,
    volume: Volume,
    *,
    protocol: str | None,
    remote: bool,
) -> Iterator[Attached]:
    """Attach a volume to this node for the time of a ``with`` block.

    What can not be undone at the end is logged and tried again by :func:`settle`: the outcome of
    the block counts.

    :param protocol: storage protocol of the volume's backend
    :param remote: another service looks after the volume
    :raises VolumeMigrationFailed: the volume can not be connected to this node
    """
    path = None if remote else _path_of(backend, volume)
    if path is not None:
        yield Attached(path, {}, {})
        return
    connector = connector_properties(backend, protocol)
    note = Note(volume_id=volume.id, host=str(volume.host), connector=connector, remote=remote)

    def initialize() -> dict[str, Any]:
        return _initialize(backend, context, volume, connector, remote=remote)

    with _connected(backend, context, note, initialize) as made:
        yield made


@contextlib.contextmanager
def attached_snapshot(
    backend: Backend,
    context: RequestContext,
    host: str | None,
    snapshot: Snapshot,
    *,
    protocol: str | None,
) -> Iterator[Attached]:
    """Attach a snapshot of another backend to this node, to read it in a ``with`` block.

    One block at a time reads a snapshot on this node, in whatever process: they would have one
    connection between them, which the first to end takes away. The others wait.

    :param host: the volume service that looks after it
    :param protocol: storage protocol of that backend
    """
    connector = connector_properties(backend, protocol)
    note = Note(snapshot.id, str(host), connector, remote=True, snapshot=True)

    def initialize() -> dict[str, Any]:
        rpcapi = backend.volume_rpcapi
        return rpcapi.initialize_connection_snapshot(context, host, snapshot.id, connector)

    with (
        connection_notes.alone(_directory(), snapshot.id),
        _connected(backend, context, note, initialize) as made,
    ):
        yield made


@contextlib.contextmanager
def _connected(
    backend: Backend,
    context: RequestContext,
    note: Note,
    initialize: Callable[[], dict[str, Any]],
) -> Iterator[Attached]:
    """Connect what a note tells of for the time of a ``with`` block."""
    notes = _notes(backend)
    with notes.held(note):
        try:
            properties = _as_it_is(initialize())
            notes.write(note.connected_by(properties))
            device = _connect(note, properties)
            yield Attached(device["path"], device, properties)
        finally:
            if _end(backend, context, notes.read(note.volume_id) or note):
                notes.forget(note.volume_id)


def settle(backend: Backend) -> None:
    """Disconnect what an earlier instance of this service, or a failed try, has left connected."""

    def disconnected(note: Note) -> bool:
        told = "%s %s: was left connected to this node; it is disconnected"
        LOG.warning(told, note.kind, note.volume_id)
        return _end(backend, backend.context, note)

    def left(note: Note) -> bool:
        if not note.snapshot:
            return disconnected(note)
        # Where it is read again, who does so disconnects it.
        with connection_notes.alone(_directory(), note.volume_id, wait=False) as mine:
            return mine and disconnected(note)

    _notes(backend).settle(left)


def _notes(backend: Backend) -> Notes:
    return Notes.of(os.path.join(_directory(), backend.service_host))


def _directory() -> str:
    """Return where all of this node's services keep their notes."""
    return os.path.join(CONF.state_path, "connections")


def _path_of(backend: Backend, volume: Volume) -> str | None:
    """Return the path of a volume of this backend, None where it has none on this node."""
    try:
        return backend.driver.local_path(volume)
    except NotImplementedError:
        return None


def _initialize(
    backend: Backend,
    context: RequestContext,
    volume: Volume,
    connector: dict[str, Any],
    *,
    remote: bool,
) -> dict[str, Any]:
    if remote:
        return backend.volume_rpcapi.initialize_connection(context, volume, connector)
    return exports.initialize(backend, context, volume.id, connector)


def _as_it_is(properties: dict[str, Any]) -> dict[str, Any]:
    """Return a connection to a volume's bytes, encrypted or not.

    For one that it is told to be encrypted, os-brick makes a link which it does not find again
    after a crash; :mod:`cinder_lite.volume.encryptors` makes its own.
    """
    return {**properties, "data": {**properties["data"], "encrypted": False}}


def _connect(note: Note, properties: dict[str, Any]) -> dict[str, Any]:
    try:
        device: dict[str, Any] = _brick(properties).connect_volume(properties["data"])
    except exception.CinderLiteException:
        raise
    except Exception as error:
        raise exception.VolumeMigrationFailed(
            reason=f"{note.kind.lower()} {note.volume_id} can not be connected to "
            f"{socket.gethostname()}: {error}"
        ) from error
    LOG.info("%s %s: is %s on this node", note.kind, note.volume_id, device.get("path"))
    return device


def _end(backend: Backend, context: RequestContext, note: Note) -> bool:
    """Disconnect a volume and have its export ended; False when this node still has it."""
    disconnected = note.properties is None or _disconnect(note, note.properties)
    if disconnected:
        _end_export(backend, context, note)
    return disconnected


def _disconnect(note: Note, properties: dict[str, Any]) -> bool:
    """Disconnect a volume. All that was written is on stable storage already, or worth nothing."""
    for attempt in range(1, _TRIES + 1):
        try:
            _brick(properties).disconnect_volume(properties["data"], None, force=True)
        except Exception:
            LOG.exception(
                "%s %s: can not be disconnected from this node (try %s)",
                note.kind,
                note.volume_id,
                attempt,
            )
        else:
            return True
    return False


def _end_export(backend: Backend, context: RequestContext, note: Note) -> None:
    """End the access and the export, unless the volume is no longer what was connected.

    A failure is logged: the service that looks after the volume ends its export before it gives
    the volume away or deletes it.
    """
    rpcapi = backend.volume_rpcapi
    if note.snapshot:
        with _logged(note):
            rpcapi.terminate_connection_snapshot(context, note.host, note.volume_id, note.connector)
        return
    try:
        volume = volumes.get(context.elevated(), note.volume_id)
    except exception.VolumeNotFound:
        return
    if volume.host != note.host or volume.migration_status == states.MIGRATION_DELETING:
        return
    with _logged(note):
        if note.remote:
            rpcapi.terminate_connection(context, volume, note.connector, force=True)
            rpcapi.remove_export(context, volume)
        else:
            exports.terminate(backend, context, volume.id, note.connector, force=True)
            exports.remove(backend, context, volume.id)


@contextlib.contextmanager
def _logged(note: Note) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        LOG.error(
            "%s %s: its export to this node could not be ended: %s",
            note.kind,
            note.volume_id,
            exception.sentence_of(error),
        )


# --- os-brick --------------------------------------------------------------------------------


def brick_helper() -> str:
    """Return the words, in one string, under which os-brick runs as root; none where it is."""
    return "" if os.geteuid() == 0 else root_helper()


@functools.cache
def prepare_brick() -> None:
    """Tell os-brick how to become root."""
    privsep = concurrency.library("oslo_privsep.priv_context")
    concurrency.library("os_brick").setup(CONF)
    # privsep takes no empty prefix: it would use sudo, which a node of root alone may not have.
    privsep.init(root_helper=shlex.split(brick_helper()) or ["env"])


@functools.cache
def _os_brick() -> Any:
    """Return os-brick's connectors; half a second of imports."""
    connector = concurrency.library("os_brick.initiator.connector")
    prepare_brick()
    return connector


class _Local:
    """What os-brick's local connector does: nothing.

    That one brings privsep and a parser of C, 6 MiB for the whole life of the service.
    """

    @staticmethod
    def connect_volume(data: dict[str, Any]) -> dict[str, Any]:
        """Return the path of what is on this node anyway."""
        return {"type": "local", "path": data["device_path"]}

    @staticmethod
    def disconnect_volume(data: dict[str, Any], device: Any, *, force: bool) -> None:
        """Leave it where it is."""


def _brick(properties: dict[str, Any]) -> Any:
    """Return os-brick's connector for what initialize_connection returned."""
    data = properties["data"]
    if properties["driver_volume_type"] == "local":
        return _Local
    return _os_brick().InitiatorConnector.factory(
        properties["driver_volume_type"].upper(),
        brick_helper(),
        use_multipath=bool(data.get("target_portals")) and bool(properties.get("multipath")),
        device_scan_attempts=3,
        conn=properties,
    )
