# SPDX-License-Identifier: Apache-2.0
"""Encrypted volumes opened on this node, by os-brick's encryptors: LUKS over dm-crypt.

A volume that is opened has a device with its plain data. os-brick's encryptors replace a link by
one to that device; the link is ours and carries the volume's id, and so does the device, so that a
service which was killed finds both again by the notes on this node's disk. os-brick runs cryptsetup
and ln in its own privileged daemon; the key goes there through a socket, and to cryptsetup through
its standard input.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import concurrency, exception, keymgr
from cinder_lite.context import RequestContext
from cinder_lite.objects import Volume
from cinder_lite.volume import connections, encryption
from cinder_lite.volume.backend import Backend
from cinder_lite.volume.connection_notes import Note, Notes

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

_CONTROL = "/dev/mapper/control"
_LINKS = "/dev/disk/by-id/cinder-lite-"
_DEVICES = "/dev/mapper/crypt-cinder-lite-"
"""The encryptor names the device after the link's last word."""
_ADMIN_PATHS = ":/usr/local/sbin:/usr/sbin:/sbin"
_FRONT_END = "front-end"
_CLOSING = {"control_location": _FRONT_END, "provider": "luks"}
"""What is closed is closed in the same way, whoever has opened it."""


def obstacle() -> str | None:
    """Return why no encrypted volume can be opened on this node; None where it can."""
    where = socket.gethostname()
    if not has_cryptsetup():
        return f"cryptsetup is not installed on {where}."
    if not _has_device_mapper():
        return f"the kernel of {where} has no device-mapper, which dm-crypt needs."
    return None


def _has_device_mapper() -> bool:
    """Tell whether the kernel has a device-mapper, or would load it when it is asked for.

    The control node alone says nothing: cryptsetup makes it, too.
    """
    if os.path.isdir("/sys/class/misc/device-mapper"):
        return True
    return os.path.exists(_CONTROL) and os.path.isdir(f"/lib/modules/{os.uname().release}")


def has_cryptsetup() -> bool:
    """Tell whether cryptsetup is installed on this node."""
    path = os.environ.get("PATH", "") + _ADMIN_PATHS
    return shutil.which("cryptsetup", path=path) is not None


def check(volume: Volume) -> None:
    """Pass a node on which encrypted volumes can be opened.

    :raises EncryptorFailed: it is none
    """
    reason = obstacle()
    if reason is not None:
        raise exception.EncryptorFailed(volume_id=volume.id, reason=reason)


def is_front_end(volume: Volume) -> bool:
    """Tell whether a volume's data is encrypted by who uses it, and not by the storage."""
    found = encryption.of_type(volume.volume_type_id)
    return found is not None and (found["control_location"] or "").lower() == _FRONT_END


def provider_of(found: Mapping[str, Any]) -> str | None:
    """Return the format of an encryption, also where it is named as in the days of Nova's classes.

    :param found: columns of a type's encryption
    """
    names = concurrency.library("os_brick.encryptors").LEGACY_PROVIDER_CLASS_TO_FORMAT_MAP
    provider = found.get("provider")
    return str(names.get(provider, provider))


@contextlib.contextmanager
def opened(backend: Backend, context: RequestContext, volume: Volume, path: str) -> Iterator[str]:
    """Open an encrypted volume for the time of a ``with`` block; yield the path of its plain data.

    One that was never used gets its header now. What can not be closed at the end is logged and
    tried again by :func:`settle`.

    :param path: of the volume's device, or file, on this node
    :raises EncryptorFailed: it can not be opened
    :raises KeyManagerFailed: there is no key for it
    """
    check(volume)
    notes = _notes(backend)
    note = Note(volume_id=volume.id, host=str(volume.host), connector={}, remote=False)
    with notes.held(note):
        try:
            _open(context, volume, path)
            yield _DEVICES + volume.id
        finally:
            if _close(volume.id):
                notes.forget(volume.id)


def settle(backend: Backend) -> None:
    """Close what an earlier instance of this service, or a failed try, has left open."""

    def closed(note: Note) -> bool:
        LOG.warning("Volume %s: was left open on this node; it is closed", note.volume_id)
        return _close(note.volume_id)

    _notes(backend).settle(closed)


def is_formatted(path: str) -> bool:
    """Tell whether a device or file has a LUKS header: one that was never used has none."""
    connections.prepare_brick()
    luks = concurrency.library("os_brick.encryptors.luks")
    return bool(luks.is_luks(connections.brick_helper(), path))


def change_key(volume: Volume, path: str, old: Any, new: Any) -> None:
    """Have another key open a volume, in place of the one that does.

    :param old: castellan's object, as is ``new``
    :raises EncryptorFailed: the old key does not open it
    """
    connections.prepare_brick()
    phrases = "".join(f"{key.get_encoded().hex()}\n" for key in (old, new))
    words = ("cryptsetup", "luksChangeKey", path, "--force-password", "--batch-mode")
    try:
        _root().execute(*words, process_input=phrases, run_as_root=True)
    except Exception as error:
        raise exception.EncryptorFailed(volume_id=volume.id, reason=_reason(error)) from error


def _notes(backend: Backend) -> Notes:
    return Notes.of(os.path.join(CONF.state_path, "encryptors", backend.service_host))


def _open(context: RequestContext, volume: Volume, path: str) -> None:
    metadata = {
        **(encryption.of_type(volume.volume_type_id) or {}),
        "encryption_key_id": volume.encryption_key_id,
    }
    link = _LINKS + volume.id
    connections.prepare_brick()
    try:
        _root().link_root(os.path.realpath(path), link, force=True)
        encryptor = _encryptor(volume.id, metadata)
        encryptor.attach_volume(context, **metadata)
    except exception.CinderLiteException:
        raise
    except Exception as error:
        raise exception.EncryptorFailed(volume_id=volume.id, reason=_reason(error)) from error
    LOG.info("Volume %s: its plain data is %s%s", volume.id, _DEVICES, volume.id)


class _KeyReader:
    """The key manager, as os-brick's encryptors ask it."""

    @staticmethod
    def get(context: RequestContext, key_id: str) -> Any:
        """Return a key."""
        return keymgr.read(context, key_id)


def _encryptor(volume_id: str, metadata: dict[str, Any]) -> Any:
    brick = concurrency.library("os_brick.encryptors")
    return brick.get_volume_encryptor(
        root_helper=connections.brick_helper(),
        connection_info={
            "driver_volume_type": "local",
            "data": {"device_path": _LINKS + volume_id, "volume_id": volume_id},
        },
        keymgr=_KeyReader,
        **metadata,
    )


def _root() -> Any:
    return concurrency.library("os_brick.privileged.rootwrap")


def _close(volume_id: str) -> bool:
    """Close a volume; False when it is still open. One that is closed already is closed."""
    connections.prepare_brick()
    try:
        _encryptor(volume_id, _CLOSING).detach_volume()
        _root().unlink_root(_LINKS + volume_id, no_errors=True)
    except Exception:
        LOG.exception("Volume %s: %s%s can not be closed", volume_id, _DEVICES, volume_id)
        return False
    return True


def _reason(error: Exception) -> str:
    """Return what cryptsetup says, or whatever else failed."""
    said = str(getattr(error, "stderr", "") or getattr(error, "description", "") or error)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__).rstrip(".") + "."
