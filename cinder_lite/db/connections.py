# SPDX-License-Identifier: Apache-2.0
"""Questions to ``volume_attachment`` about the nodes that use a volume."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from cinder_lite.db import engine, models

T = models.volume_attachment


@engine.retried
def connectors(volume_id: str, *, besides: str | None = None) -> list[dict[str, Any]]:
    """Return the connectors of a volume's attachments; those that have none yet are left out.

    :param besides: id of an attachment to leave out
    """
    query = sa.select(T.c.connector).where(
        T.c.volume_id == volume_id, T.c.deleted.is_(False), T.c.connector.is_not(None)
    )
    if besides is not None:
        query = query.where(T.c.id != besides)
    with engine.statement() as connection:
        found = [json.loads(text) for text in connection.execute(query).scalars()]
    return [one for one in found if isinstance(one, dict) and one]


@engine.retried
def forget(attachment_id: str) -> None:
    """Note that an attachment's node does not use the volume by it any more."""
    with engine.statement() as connection:
        connection.execute(sa.update(T).where(T.c.id == attachment_id).values(connector=None))
