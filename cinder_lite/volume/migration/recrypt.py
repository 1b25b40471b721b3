# SPDX-License-Identifier: Apache-2.0
"""A volume's data encrypted anew while it is copied, for a type that is encrypted in another way.

Both sides are opened on this node, so that the plain data is copied. A LUKS header takes room on
the volume: 2 MiB, or 16 MiB as LUKS2. So a volume that gets one has so much less room for data, and
is refused where that part of it is used.
"""

from __future__ import annotations

import contextlib
from typing import Any

from oslo_log import log as logging

from cinder_lite import exception, keymgr, states
from cinder_lite.objects import Volume
from cinder_lite.volume import encryption, encryptors, peek
from cinder_lite.volume.backend import Backend
from cinder_lite.volume.copy import CopyResult, copier
from cinder_lite.volume.migration.records import Move

LOG = logging.getLogger(__name__)

_MIB = 1024**2

Extents = list[tuple[int, int]]


def needed(move: Move) -> bool:
    """Tell whether a move's new type is encrypted in another way than the old one."""
    new = move.migration.new_type_id
    return new is not None and encryption.differs(move.volume.volume_type_id, new)


def check(move: Move, mode: str) -> None:
    """Pass a move that can encrypt its volume anew on this node.

    :raises VolumeMigrationFailed: the volume is in use
    :raises EncryptorFailed: this node has no dm-crypt
    """
    if mode == states.MODE_NOVA:
        raise exception.VolumeMigrationFailed(
            reason=f"volume {move.volume.id} is in use, and its new type is encrypted in another "
            "way; its data can be encrypted anew only while nobody uses it"
        )
    encryptors.check(move.volume)


def new_key(move: Move) -> str | None:
    """Make the key of the volume's new data; None where that is not encrypted.

    :raises KeyManagerFailed: the key manager did not make it
    """
    found = encryption.of_type(move.migration.new_type_id)
    return keymgr.create(move.context, found) if found is not None else None


def copy(
    backend: Backend, move: Move, target: Volume, origin: Any, destination: Any, *, sparse: bool
) -> CopyResult | None:
    """Copy a volume's plain data from its device to its target's, flushed when this returns.

    :param origin: path of the volume's device on this node
    :param destination: path of the target's
    :param sparse: the target reads as zero
    :returns: None where there was nothing to copy
    :raises VolumeMigrationFailed: the data does not fit beside the target's header
    :raises EncryptorFailed, KeyManagerFailed: one of the two can not be opened
    """
    source = move.volume
    for path in (origin, destination):
        if not isinstance(path, str):
            raise exception.VolumeMigrationFailed(
                reason="a volume without a path on this node can not be encrypted anew"
            )
    extents: Extents | None = None
    with contextlib.ExitStack() as stack:
        plain_source, plain_target = origin, destination
        if encryptors.is_front_end(source):
            if encryptors.is_formatted(origin):
                plain_source = stack.enter_context(
                    encryptors.opened(backend, move.context, source, origin)
                )
            else:
                extents = []
        else:
            extents = backend.driver.mapped_extents(source)
        if encryptors.is_front_end(target):
            if extents == [] and plain_source == origin:
                LOG.info("Volume %s: was never used; its new data is as empty", source.id)
                return None
            plain_target = stack.enter_context(
                encryptors.opened(backend, move.context, target, destination)
            )
            sparse = False  # what was never written is no zero, once it is deciphered
        room, held = _size(plain_target), _size(plain_source)
        if held > room:
            _check_fits(source, origin, plain_source, held, room)
        known = [(0, held)] if extents is None else extents
        return backend.copy(
            plain_source,
            plain_target,
            room // _MIB,
            sparse=sparse,
            extents=_clipped(known, min(held, room)),
            progress=move.progress,
            stop=move.stop,
        )


def _size(path: str) -> int:
    """Return the size of a file or device in bytes."""
    return copier.size_of(path) or 0


def _clipped(extents: Extents, end: int) -> Extents:
    return [(offset, min(length, end - offset)) for offset, length in extents if offset < end]


def _check_fits(source: Volume, raw: str, plain: str, held: int, room: int) -> None:
    """Pass a volume whose data fits into less room than it has.

    The part beyond must be unused: zeros, or of an encrypted volume never written. Something that
    says how large it is must end before it; the rest of an ext file system may well be zeros.
    """
    excess = held - room
    unused = peek.reads_zero(raw, _size(raw) - excess, excess) or (
        plain != raw and peek.reads_zero(plain, room, excess)
    )
    found = peek.content_of(peek.head(plain))
    if unused and (found is None or found[1] <= room):
        return
    what = f"it holds {found[0]} of {found[1]} bytes" if found else "its last bytes are used"
    raise exception.VolumeMigrationFailed(
        reason=f"the header of volume {source.id}'s new type leaves room for {room} bytes, "
        f"{excess} less than now, and {what}; extend the volume by 1 GiB and try again"
    )
