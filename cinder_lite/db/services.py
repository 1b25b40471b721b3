# SPDX-License-Identifier: Apache-2.0
"""Queries of ``services``: who runs, and when each last said so."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from oslo_config import cfg

from cinder_lite import exception
from cinder_lite.db import engine, models
from cinder_lite.objects import Service, utcnow

CONF = cfg.CONF

SCHEDULER = "cinder-scheduler"
VOLUME = "cinder-volume"
"""Binaries keep Cinder's names: clients and dashboards look for them."""

T = models.services
_FIELDS = tuple(field.name for field in dataclasses.fields(Service))
_COLUMNS = [T.c[name] for name in _FIELDS]


def _from_row(row: Sequence[Any]) -> Service:
    return Service(**dict(zip(_FIELDS, row, strict=True)))


@engine.retried
def register(
    *, host: str, binary: str, topic: str, availability_zone: str, rpc_version: str
) -> Service:
    """Return the service's row, made if it is new, with a fresh heartbeat.

    :param host: ``host@backend`` of a volume service, ``host`` of a scheduler
    """
    now = utcnow()
    same = sa.and_(T.c.host == host, T.c.binary == binary, T.c.deleted == sa.false())
    with engine.transaction() as connection:
        fresh = {
            "topic": topic,
            "availability_zone": availability_zone,
            "rpc_current_version": rpc_version,
            "updated_at": now,
        }
        if not connection.execute(sa.update(T).where(same).values(**fresh)).rowcount:
            connection.execute(
                sa.insert(T),
                {
                    "uuid": str(uuid.uuid4()),
                    "host": host,
                    "binary": binary,
                    "report_count": 0,
                    "disabled": False,
                    "frozen": False,
                    "replication_status": "disabled",
                    "object_current_version": rpc_version,
                    "created_at": now,
                    "deleted": False,
                    **fresh,
                },
            )
        row = connection.execute(sa.select(*_COLUMNS).where(same).order_by(T.c.id)).first()
    assert row is not None
    return _from_row(row)


@engine.retried
def heartbeat(service_id: int) -> bool:
    """Say that a service runs.

    :returns: False when its row has been removed and the service must register again
    """
    with engine.statement() as connection:
        changed = connection.execute(
            sa.update(T)
            .where(T.c.id == service_id, T.c.deleted == sa.false())
            .values(report_count=T.c.report_count + 1, updated_at=utcnow())
        )
        return bool(changed.rowcount)


@engine.retried
def age_heartbeat(service_id: int) -> None:
    """Say that a service ended in order: it counts as down from now on, not in a minute."""
    long_ago = utcnow() - datetime.timedelta(seconds=CONF.service_down_time + 1)
    with engine.statement() as connection:
        connection.execute(sa.update(T).where(T.c.id == service_id).values(updated_at=long_ago))


@engine.retried
def listing(
    *, host: str | None = None, binary: str | None = None, disabled: bool | None = None
) -> list[Service]:
    """Return services.

    :param host: only those of a node (``host``, with all its backends) or of one ``host@backend``
    """
    query = sa.select(*_COLUMNS).where(T.c.deleted == sa.false())
    if host is not None:
        node = T.c.host.startswith(host + "@", autoescape=True)
        query = query.where(sa.or_(T.c.host == host, node))
    if binary is not None:
        query = query.where(T.c.binary == binary)
    if disabled is not None:
        query = query.where(T.c.disabled == disabled)
    with engine.statement() as connection:
        return [_from_row(row) for row in connection.execute(query.order_by(T.c.id))]


@engine.retried
def get(*, host: str, binary: str) -> Service:
    """Return one service.

    :raises ServiceNotFound: there is none
    """
    query = sa.select(*_COLUMNS).where(
        T.c.host == host, T.c.binary == binary, T.c.deleted == sa.false()
    )
    with engine.statement() as connection:
        row = connection.execute(query).first()
    if row is None:
        raise exception.ServiceNotFound(service_id=binary, host=host)
    return _from_row(row)


@engine.retried
def update(service_id: int, values: Mapping[str, Any]) -> None:
    """Change columns of a service without touching its heartbeat."""
    with engine.statement() as connection:
        connection.execute(
            sa.update(T).where(T.c.id == service_id), {"modified_at": utcnow(), **values}
        )


@engine.retried
def set_frozen(service_id: int, *, frozen: bool) -> bool:
    """Freeze a service or thaw it; a frozen one is disabled, too.

    :returns: False when it was so already
    """
    reason = "frozen" if frozen else ""
    change = (
        sa.update(T)
        .where(T.c.id == service_id, T.c.frozen.is_(not frozen), T.c.deleted == sa.false())
        .values(frozen=frozen, disabled=frozen, disabled_reason=reason, modified_at=utcnow())
    )
    with engine.statement() as connection:
        return bool(connection.execute(change).rowcount)


@engine.retried
def is_frozen(service_host: str) -> bool:
    """Tell whether a volume service is frozen.

    :param service_host: ``host@backend``
    """
    query = sa.select(T.c.id).where(
        T.c.host == service_host,
        T.c.binary == VOLUME,
        T.c.frozen == sa.true(),
        T.c.deleted == sa.false(),
    )
    with engine.statement() as connection:
        return connection.execute(query.limit(1)).first() is not None


@engine.retried
def destroy(service_id: int) -> None:
    """Remove a service's row softly."""
    with engine.statement() as connection:
        connection.execute(
            sa.update(T).where(T.c.id == service_id).values(deleted=True, deleted_at=utcnow())
        )
