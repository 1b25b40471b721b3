# SPDX-License-Identifier: Apache-2.0
"""A volume's change of type: what is written when it begins, and when it ends.

While it lasts, the volume's status is ``retyping``, a note on the volume names the new type, and
the volume counts under both types. So nothing is lost with a message: who finds an old note can
settle it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cinder_lite import states
from cinder_lite.db import attached_volumes, engine, models, quotas, volumes
from cinder_lite.db import conditions as cond
from cinder_lite.objects import Volume, utcnow

N = models.volume_admin_metadata
V = models.volumes
S = models.volume_type_extra_specs


@engine.retried
def begin(volume_id: str, new_type_id: str, rules: Sequence[cond.Condition]) -> bool:
    """Mark a volume and count it under its new type, both or neither.

    :returns: False when a rule refused
    :raises OverQuota: the project may have no more of that type
    """
    with engine.transaction() as connection:
        volume = volumes.lock(connection, volume_id)
        values = {"previous_status": volumes.column("status"), "status": states.RETYPING}
        if not volumes.swap(connection, volume_id, values, rules):
            return False
        quotas.cancel_retype(connection, volume)
        note = {"volume_id": volume_id, "key": quotas.RETYPING, "value": new_type_id}
        connection.execute(sa.insert(N), note)
        if volume.use_quota and volume.project_id is not None:
            quotas.consume_type(connection, volume.project_id, volume.size, new_type_id)
    return True


def settle(connection: sa.Connection, volume_id: str, *, done: bool) -> bool:
    """End a volume's change of type, in the transaction that gives the volume its status back.

    :param done: the volume has the new type now
    :returns: False where its type was not being changed
    """
    volume = volumes.read(connection, volume_id)
    if not done:
        return quotas.cancel_retype(connection, volume)
    new_type_id = quotas.retyping_to(connection, volume_id)
    if new_type_id is None:
        return False
    quotas.forget_retype(connection, volume_id)
    old_type_id = _old_type(connection, volume, new_type_id)
    if old_type_id and volume.use_quota and volume.project_id is not None:
        quotas.release_type(connection, volume.project_id, volume.size, old_type_id)
    values: Mapping[str, Any] = {"multiattach": _multiattach(connection, new_type_id)}
    connection.execute(sa.update(V).where(V.c.id == volume_id), values)
    return True


def _old_type(connection: sa.Connection, volume: Volume, new_type_id: str) -> str | None:
    """Return the type that a volume had: of its row, or after a move of the row of its old data."""
    if volume.volume_type_id != new_type_id:
        return volume.volume_type_id
    moves = models.volume_migrations.c
    query = (
        sa.select(V.c.volume_type_id)
        .join_from(V, models.volume_migrations, moves.new_volume_id == V.c.id)
        .where(moves.volume_id == volume.id, moves.new_type_id == new_type_id)
        .order_by(moves.created_at.desc())
    )
    found: str | None = connection.execute(query.limit(1)).scalar()
    return found


def _multiattach(connection: sa.Connection, type_id: str) -> bool:
    query = sa.select(S.c.value).where(S.c.volume_type_id == type_id, S.c.key == "multiattach")
    value = connection.execute(query).scalar()
    return str(value or "").strip().lower() == "<is> true"


@engine.retried
def finish(volume_id: str, new_type_id: str, values: Mapping[str, Any]) -> bool:
    """Give a volume its new type where it is.

    :param values: further columns of the volume
    :returns: False when it is not to have that type any more
    """
    retyping = cond.In("", "status", (states.RETYPING,))
    with engine.transaction() as connection:
        volume = volumes.lock(connection, volume_id)
        if not _is_wanted(connection, volume, new_type_id):
            return False
        settle(connection, volume_id, done=True)
        columns = {
            **values,
            "volume_type_id": new_type_id,
            "status": volume.previous_status or states.AVAILABLE,
        }
        volumes.swap(connection, volume_id, columns, [retyping])
        attached_volumes.follow_at_the_end(connection, volume_id)
    return True


@engine.retried
def is_wanted(volume_id: str, new_type_id: str) -> bool:
    """Tell whether a volume is still to have a type: messages may come late."""
    with engine.transaction() as connection:
        return _is_wanted(connection, volumes.read(connection, volume_id), new_type_id)


def _is_wanted(connection: sa.Connection, volume: Volume, new_type_id: str) -> bool:
    wanted = quotas.retyping_to(connection, volume.id)
    return volume.status == states.RETYPING and wanted == new_type_id


@engine.retried
def reset(volume_id: str, values: Mapping[str, Any], rules: Sequence[cond.Condition] = ()) -> bool:
    """Write statuses of a volume on an administrator's word.

    A change of type that ends with this counts no more, unless a move works on it, which settles
    it.

    :returns: False when a rule refused
    """
    moves = models.volume_migrations.c
    running = sa.select(moves.id).where(
        moves.volume_id == volume_id, moves.status == states.RECORD_RUNNING
    )
    with engine.transaction() as connection:
        volume = volumes.lock(connection, volume_id)
        if not volumes.swap(connection, volume_id, values, rules):
            return False
        ends = values.get("status", states.RETYPING) != states.RETYPING
        if ends and connection.execute(running).first() is None:
            quotas.cancel_retype(connection, volume)
    return True


@engine.retried
def give_up(volume_id: str, new_type_id: str | None = None) -> bool:
    """Let a volume keep its type.

    :param new_type_id: the type that it can not have; None: whichever it is
    :returns: False when it is not to have that type, or a move has begun for it
    """
    idle = [
        cond.In("", "status", (states.RETYPING,)),
        cond.In("", "migration_status", states.MIGRATION_IDLE),
    ]
    with engine.transaction() as connection:
        volume = volumes.lock(connection, volume_id)
        if new_type_id is not None and not _is_wanted(connection, volume, new_type_id):
            return False
        values = {"status": volume.previous_status or states.AVAILABLE}
        if not volumes.swap(connection, volume_id, values, idle):
            return False
        attached_volumes.follow_at_the_end(connection, volume_id)
        return settle(connection, volume_id, done=False)


@engine.retried
def stale(service_host: str, seconds: float) -> list[str]:
    """Return the ids of a service's volumes whose change of type nobody has heard of for long.

    :param service_host: ``host@backend``
    """
    import datetime

    before = utcnow() - datetime.timedelta(seconds=seconds)
    query = sa.select(V.c.id).where(
        V.c.deleted == sa.false(),
        V.c.status == states.RETYPING,
        V.c.host.startswith(service_host + "#", autoescape=True),
        sa.or_(V.c.migration_status.is_(None), V.c.migration_status.in_(_IDLE)),
        V.c.updated_at < before,
    )
    with engine.statement() as connection:
        return list(connection.execute(query).scalars())


_IDLE = [status for status in states.MIGRATION_IDLE if status is not None]
