# SPDX-License-Identifier: Apache-2.0
"""Queries about volumes that grow: status, reserved quota and the note of the size, together.

The note (admin metadata ``extend_new_size``) is what a service that starts again reads to know how
far a volume was to grow. It is there as long as quota is reserved for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from cinder_lite import exception, states
from cinder_lite.db import conditions as cond
from cinder_lite.db import engine, models, quotas, volumes
from cinder_lite.objects import Volume

T = models.volumes


def begin(volume_id: str, new_size: int, rules: Sequence[cond.Condition]) -> list[str]:
    """Mark a volume as extending and reserve what it will use more, both or neither.

    :param new_size: GiB
    :param rules: what must hold of the volume
    :returns: a sentence for every rule that refuses
    :raises InvalidInput: the volume is as large already
    :raises VolumeSizeExceedsLimit, VolumeSizeExceedsAvailableQuota: the quota refuses
    """
    return _begin(volume_id, new_size, rules, [])


@engine.retried
def _begin(
    volume_id: str, new_size: int, rules: Sequence[cond.Condition], tried: list[int]
) -> list[str]:
    """Do what :func:`begin` does.

    :param tried: ids of the notes that earlier tries have written, to no avail or not
    """
    notes = models.volume_admin_metadata
    with engine.transaction() as connection:
        volume = volumes.lock(connection, volume_id)
        mine = sa.select(notes.c.id).where(notes.c.volume_id == volume_id, notes.c.id.in_(tried))
        if tried and connection.execute(mine).first() is not None:
            return []  # only the answer was lost
        refused = volumes.check(connection, volume_id, rules)
        if refused:
            return refused
        if new_size <= volume.size:
            raise exception.InvalidInput(
                reason="New size for extend must be greater than current size. "
                f"(current: {volume.size}, extended: {new_size})."
            )
        # Of an extension whose status an administrator has reset.
        quotas.cancel_growth(connection, volume)
        if volume.use_quota:
            quotas.reserve_growth(
                connection,
                str(volume.project_id),
                new_size,
                new_size - volume.size,
                volume.volume_type_id,
            )
        note = {"volume_id": volume_id, "key": quotas.GROWING, "value": str(new_size)}
        tried.extend(connection.execute(sa.insert(notes), note).inserted_primary_key or ())
        marked = {"status": states.EXTENDING, "previous_status": volume.status}
        volumes.swap(connection, volume_id, marked, ())
    return []


def end(volume_id: str, *, grown: bool, status: str | None = None) -> Volume | None:
    """End an extension: write size and status, and settle what was reserved.

    :param grown: the volume has the new size; False: it failed
    :param status: the status then; None: what it was before
    :returns: the volume; None where it is not growing any more
    """
    return _end(volume_id, [], grown=grown, status=status)


@engine.retried
def _end(volume_id: str, tried: list[Volume], *, grown: bool, status: str | None) -> Volume | None:
    """Do what :func:`end` does.

    :param tried: the volume as earlier tries have written it, to no avail or not
    """
    with engine.transaction() as connection:
        volume = volumes.lock(connection, volume_id)
        size = quotas.growing_to(connection, volume_id)
        if size is None:
            is_mine = any((v.size, v.status) == (volume.size, volume.status) for v in tried)
            return volume if is_mine else None
        quotas.forget_growth(connection, volume_id)
        if volume.use_quota:
            quotas.end_growth(
                connection,
                str(volume.project_id),
                size - volume.size,
                volume.volume_type_id,
                grown=grown,
            )
        values: dict[str, Any] = {"size": size} if grown else {}
        if volume.status == states.EXTENDING:
            attached = volume.attach_status == states.ATTACHED
            values["status"] = status or (states.IN_USE if attached else states.AVAILABLE)
        volumes.swap(connection, volume_id, values, ())
        tried.append(volumes.read(connection, volume_id))
    return tried[-1]


@engine.retried
def growing_to(volume_id: str) -> int | None:
    """Return the size in GiB that a volume is growing to, None where it is not growing."""
    with engine.statement() as connection:
        return quotas.growing_to(connection, volume_id)


@engine.retried
def servers_of(volume_id: str) -> list[str]:
    """Return the ids of the servers that use a volume."""
    attachments = models.volume_attachment.c
    query = sa.select(attachments.instance_uuid).where(
        attachments.volume_id == volume_id,
        attachments.deleted == sa.false(),
        attachments.instance_uuid.is_not(None),
    )
    with engine.statement() as connection:
        return [str(server) for server in connection.execute(query).scalars()]
