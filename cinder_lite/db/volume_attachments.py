# SPDX-License-Identifier: Apache-2.0
"""Queries of ``volume_attachment``: who uses a volume, from the promise to the end.

Every change is one transaction that first locks the volume's row, because the volume's status
follows from its attachments, and because a volume that is being attached must not begin to move,
nor one that moves be attached: each side decides with the other's last word before it.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import attached_volumes, engine, models, pages, sealing, volumes
from cinder_lite.db import conditions as cond
from cinder_lite.objects import Attachment, Volume, utcnow

T = models.volume_attachment
V = models.volumes
_NAMES = (
    "id",
    "volume_id",
    "instance_uuid",
    "attached_host",
    "mountpoint",
    "attach_time",
    "detach_time",
    "attach_status",
    "attach_mode",
    "created_at",
)
COLUMNS = [T.c[name] for name in _NAMES] + [T.c.connector, T.c.connection_info]

FILTERS = ("volume_id", "instance_uuid", "attach_status")
SORT_KEYS = frozenset(_NAMES)


def from_row(row: Sequence[Any], project_id: str | None = None) -> Attachment:
    """Build an :class:`Attachment` of a row that was selected by :data:`COLUMNS`."""
    plain = dict(zip(_NAMES, row, strict=False))
    connector, info = row[len(_NAMES)], row[len(_NAMES) + 1]
    return Attachment(
        **plain,
        connector=orjson.loads(connector) if connector else None,
        connection_info=sealing.unseal(info),
        project_id=project_id,
    )


# --- reading ---------------------------------------------------------------------------------


@engine.retried
def get(context: RequestContext, attachment_id: str) -> Attachment:
    """Return a live attachment.

    :param context: whose project must be the volume's, unless it is an administrator's
    :raises VolumeAttachmentNotFound: there is none that this caller may see
    """
    query = (
        sa.select(*COLUMNS, V.c.project_id)
        .join_from(T, V, V.c.id == T.c.volume_id)
        .where(T.c.id == attachment_id, T.c.deleted == sa.false(), V.c.deleted == sa.false())
    )
    with engine.statement() as connection:
        row = connection.execute(query).one_or_none()
    if row is None or not (context.is_admin or row[-1] == context.project_id):
        raise exception.VolumeAttachmentNotFound(filter=f"attachment_id = {attachment_id}")
    return from_row(row, row[-1])


@engine.retried
def of_volume(volume_id: str) -> list[Attachment]:
    """Return the live attachments of a volume, oldest first."""
    with engine.statement() as connection:
        return _of_volume(connection, volume_id)


@engine.retried
def only_reserved(volume_id: str) -> bool:
    """Tell whether a volume is reserved by ``os-reserve`` and has never had an attachment."""
    query = sa.select(V.c.id).where(
        V.c.id == volume_id,
        V.c.status == states.ATTACHING,
        ~sa.exists().where(T.c.volume_id == V.c.id),
    )
    with engine.statement() as connection:
        return connection.execute(query).first() is not None


def _of_volume(connection: sa.Connection, volume_id: str) -> list[Attachment]:
    query = sa.select(*COLUMNS).where(T.c.volume_id == volume_id, T.c.deleted == sa.false())
    rows = connection.execute(query.order_by(T.c.created_at, T.c.id))
    return [from_row(row) for row in rows]


@engine.retried
def of_host(service_host: str) -> list[Attachment]:
    """Return the live attachments of all volumes of a volume service.

    :param service_host: ``host@backend``
    """
    query = (
        sa.select(*COLUMNS, V.c.project_id)
        .join_from(T, V, V.c.id == T.c.volume_id)
        .where(
            T.c.deleted == sa.false(),
            V.c.deleted == sa.false(),
            V.c.host.startswith(service_host + "#", autoescape=True),
        )
    )
    with engine.statement() as connection:
        return [from_row(row, row[-1]) for row in connection.execute(query)]


@engine.retried
def listing(
    project_id: str | None, filters: Mapping[str, str], window: pages.Window
) -> list[Attachment]:
    """Return a page of live attachments.

    :param project_id: only of this project's volumes; None: of every project's
    :param filters: values by column; a name with ``~`` behind it looks for a part
    :raises MarkerNotFound: the marker is none of them
    """
    owned = sa.select(V.c.id).where(V.c.deleted == sa.false())
    if project_id is not None:
        owned = owned.where(V.c.project_id == project_id)
    where = [
        T.c.deleted == sa.false(),
        *pages.clauses(T, filters, FILTERS),
        T.c.volume_id.in_(owned),
    ]
    with engine.statement() as connection:
        return [from_row(row) for row in pages.rows(connection, T, COLUMNS, where, window)]


# --- the states ------------------------------------------------------------------------------


def reserve(
    volume_id: str,
    rules: Sequence[cond.Condition],
    values: Mapping[str, Any],
    volume_values: Mapping[str, Any],
) -> Attachment | None:
    """Insert an attachment and mark its volume, both or neither.

    :param rules: what must hold of the volume
    :param values: columns of the attachment
    :param volume_values: columns of the volume
    :returns: None when a rule refused
    :raises VolumeNotFound: the volume has gone
    """
    row = {"id": str(uuid.uuid4()), "created_at": utcnow(), "deleted": False, **_stored(values)}
    stored = volumes.insert_of(T, COLUMNS, {"volume_id": volume_id, **row}, volume_values, rules)
    return from_row(stored) if stored is not None else None


@engine.retried
def advance(
    attachment_id: str,
    volume_id: str,
    before: Collection[str],
    values: Mapping[str, Any],
    rules: Sequence[cond.Condition] = (),
) -> bool:
    """Bring an attachment and its volume to another state, both or neither.

    :param before: the attachment's status must be one of these
    :param values: columns of the attachment; its ``attach_status`` decides the volume's statuses
    :param rules: what must hold of the volume
    :returns: False when the attachment has ended or is in another state, or a rule refused
    :raises VolumeNotFound: the volume has gone
    """
    after = values.get("attach_status")
    volume_values: dict[str, Any] = {}
    if after in (states.ATTACHMENT_ATTACHING, states.ATTACHMENT_ATTACHED):
        status = states.IN_USE if after == states.ATTACHMENT_ATTACHED else states.ATTACHING
        volume_values = {"status": status, "attach_status": after}
    with engine.transaction() as connection:
        if volumes.lock(connection, volume_id).status in attached_volumes.BUSY:
            volume_values.pop("status", None)
        where = (
            T.c.id == attachment_id,
            T.c.volume_id == volume_id,
            T.c.deleted == sa.false(),
            T.c.attach_status.in_(before),
        )
        if connection.execute(sa.select(T.c.id).where(*where)).first() is None:
            return False
        if not volumes.swap(connection, volume_id, volume_values, rules):
            return False
        connection.execute(sa.update(T).where(*where), {"updated_at": utcnow(), **_stored(values)})
    return True


@engine.retried
def note(attachment_id: str, values: Mapping[str, Any]) -> None:
    """Change columns of a live attachment that say nothing of its state."""
    with engine.statement() as connection:
        connection.execute(
            sa.update(T).where(T.c.id == attachment_id, T.c.deleted == sa.false()),
            {"updated_at": utcnow(), **_stored(values)},
        )


@engine.retried
def remove(attachment_id: str, volume_id: str) -> list[Attachment]:
    """End an attachment and let its volume's status follow from those that remain.

    While the volume moves or is read for an image, its status stays: what runs decides it later.

    :returns: the attachments that remain; the same when the attachment had ended before
    :raises VolumeNotFound: the volume has gone
    """
    with engine.transaction() as connection:
        volume = volumes.lock(connection, volume_id)
        return _remove(connection, attachment_id, volume)


@engine.retried
def remove_as_seen(attachment: Attachment) -> list[Attachment] | None:
    """End an attachment as :func:`remove` does, if no node has been let in for it meanwhile.

    :param attachment: as it was when its node was let out
    :returns: the attachments that remain; None where it has changed: its node must be let out again
    :raises VolumeNotFound: the volume has gone
    """
    live = sa.select(T.c.connector, T.c.attach_time).where(
        T.c.id == attachment.id, T.c.deleted == sa.false()
    )
    with engine.transaction() as connection:
        volume = volumes.lock(connection, attachment.volume_id)
        now = connection.execute(live).one_or_none()
        if now is not None and now.connector is not None:
            seen = (attachment.connector, attachment.attach_time)
            if (orjson.loads(now.connector), now.attach_time) != seen:
                return None
        return _remove(connection, attachment.id, volume)


def _remove(connection: sa.Connection, attachment_id: str, volume: Volume) -> list[Attachment]:
    ended = attached_volumes.end(connection, T.c.id == attachment_id, T.c.volume_id == volume.id)
    notes = models.volume_admin_metadata
    connection.execute(
        sa.delete(notes).where(notes.c.volume_id == volume.id, notes.c.key == "attached_mode")
    )
    if ended or volume.status in attached_volumes.FOLLOWS:
        attached_volumes.follow(connection, volume)
    return _of_volume(connection, volume.id)


def _stored(values: Mapping[str, Any]) -> dict[str, Any]:
    stored = dict(values)
    if stored.get("connector") is not None:
        stored["connector"] = orjson.dumps(stored["connector"]).decode()
    if "connection_info" in stored:
        stored["connection_info"] = sealing.seal(stored["connection_info"])
    return stored
