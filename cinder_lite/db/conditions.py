# SPDX-License-Identifier: Apache-2.0
"""Conditions of a compare-and-swap: each becomes a clause of the UPDATE and can explain itself.

The same object that guards the UPDATE is asked again, on the row as it is, when the UPDATE matched
nothing: so the sentence a user reads and the rule that refused can not drift apart.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from cinder_lite import states
from cinder_lite.db import models
from cinder_lite.objects import Volume


@dataclasses.dataclass(frozen=True)
class Condition:
    """One rule about a volume.

    :param sentence: what to say when the rule refuses; may use ``{volume.FIELD}``
    """

    sentence: str

    def clause(self) -> sa.ColumnElement[bool]:
        """Return the rule as SQL over ``volumes``."""
        raise NotImplementedError

    def holds(self, volume: Volume, has_snapshots: bool) -> bool:
        """Tell whether the rule holds for a volume as it was read."""
        raise NotImplementedError

    def explain(self, volume: Volume) -> str:
        """Return the sentence, filled in for this volume."""
        return self.sentence.format(volume=volume)


@dataclasses.dataclass(frozen=True)
class In(Condition):
    """A column has one of some values; None among them stands for NULL."""

    column: str
    values: Sequence[Any]

    def clause(self) -> sa.ColumnElement[bool]:
        column = models.volumes.c[self.column]
        known = [value for value in self.values if value is not None]
        within = column.in_(known)
        return sa.or_(column.is_(None), within) if None in self.values else within

    def holds(self, volume: Volume, has_snapshots: bool) -> bool:
        return getattr(volume, self.column) in self.values


@dataclasses.dataclass(frozen=True)
class Differs(Condition):
    """A column has another value than this one, or none."""

    column: str
    value: Any

    def clause(self) -> sa.ColumnElement[bool]:
        column = models.volumes.c[self.column]
        return sa.or_(column.is_(None), column != self.value)

    def holds(self, volume: Volume, has_snapshots: bool) -> bool:
        return bool(getattr(volume, self.column) != self.value)


@dataclasses.dataclass(frozen=True)
class IsSet(Condition):
    """A column is not NULL."""

    column: str

    def clause(self) -> sa.ColumnElement[bool]:
        return models.volumes.c[self.column].is_not(None)

    def holds(self, volume: Volume, has_snapshots: bool) -> bool:
        return getattr(volume, self.column) is not None


@dataclasses.dataclass(frozen=True)
class OnOtherBackend(Condition):
    """The volume is not where it is to go.

    A destination without a pool means any pool of that backend, so a volume that is in one of
    them is there already; to change pools within a backend, the pool is named.
    """

    host: str

    def clause(self) -> sa.ColumnElement[bool]:
        column = models.volumes.c.host
        here = column == self.host
        if "#" not in self.host:
            here = sa.or_(here, column.startswith(self.host + "#", autoescape=True))
        return sa.and_(column.is_not(None), sa.not_(here))

    def holds(self, volume: Volume, has_snapshots: bool) -> bool:
        if volume.host is None:
            return False
        there = volume.host if "#" in self.host else volume.service_host
        return there != self.host


@dataclasses.dataclass(frozen=True)
class NotMigrationTarget(Condition):
    """The volume is no move's temporary target."""

    def clause(self) -> sa.ColumnElement[bool]:
        column = models.volumes.c.migration_status
        return sa.or_(column.is_(None), sa.not_(column.like("target:%")))

    def holds(self, volume: Volume, has_snapshots: bool) -> bool:
        return not (volume.migration_status or "").startswith("target:")


@dataclasses.dataclass(frozen=True)
class NoSnapshots(Condition):
    """The volume has no snapshots."""

    def clause(self) -> sa.ColumnElement[bool]:
        return sa.not_(snapshots_exist())

    def holds(self, volume: Volume, has_snapshots: bool) -> bool:
        return not has_snapshots


def snapshots_exist() -> sa.ColumnElement[bool]:
    """Return the clause "the volume has snapshots"."""
    return sa.exists().where(
        models.snapshots.c.volume_id == models.volumes.c.id,
        models.snapshots.c.deleted == sa.false(),
    )


class Fact(Condition):
    """A rule about other tables, which only the database can test.

    It holds for the length of a transaction only if that has locked the volume's row first
    (:func:`cinder_lite.db.volumes.lock`): whoever changes the other table locks it as well.
    """

    def holds(self, volume: Volume, has_snapshots: bool) -> bool:
        raise NotImplementedError


def _attachments(*where: sa.ColumnElement[bool]) -> sa.Exists:
    table = models.volume_attachment
    return sa.exists().where(
        table.c.volume_id == models.volumes.c.id, table.c.deleted == sa.false(), *where
    )


@dataclasses.dataclass(frozen=True)
class AttachmentsSettled(Fact):
    """No attachment of the volume is being made."""

    def clause(self) -> sa.ColumnElement[bool]:
        status = models.volume_attachment.c.attach_status
        return sa.not_(_attachments(status.in_(("reserved", "attaching"))))


@dataclasses.dataclass(frozen=True)
class AttachedOnce(Fact):
    """The volume has at most one attachment."""

    def clause(self) -> sa.ColumnElement[bool]:
        table = models.volume_attachment
        number = (
            sa.select(sa.func.count())
            .where(table.c.volume_id == models.volumes.c.id, table.c.deleted == sa.false())
            .correlate(models.volumes)
            .scalar_subquery()
        )
        return number <= 1


@dataclasses.dataclass(frozen=True)
class NotConnected(Fact):
    """The volume has these attachments and no others, and by none of them a node is let in.

    :param attachment_ids: their ids
    """

    attachment_ids: Sequence[str]

    def clause(self) -> sa.ColumnElement[bool]:
        table = models.volume_attachment.c
        others = sa.or_(table.id.not_in(self.attachment_ids), table.connector.is_not(None))
        return sa.not_(_attachments(others))


@dataclasses.dataclass(frozen=True)
class UsedBy(Fact):
    """A server has an attachment of the volume already."""

    instance_uuid: str

    def clause(self) -> sa.ColumnElement[bool]:
        return _attachments(models.volume_attachment.c.instance_uuid == self.instance_uuid)


def _given_back_to(instance_uuid: str) -> sa.Exists:
    table = models.volume_migrations
    return sa.exists().where(
        table.c.volume_id == models.volumes.c.id,
        table.c.status == "running",
        table.c.phase == "attaching",
        table.c.server_id == instance_uuid,
    )


@dataclasses.dataclass(frozen=True)
class GivenBackTo(Fact):
    """The volume has been moved, or not, and its server is to get it back."""

    instance_uuid: str

    def clause(self) -> sa.ColumnElement[bool]:
        return _given_back_to(self.instance_uuid)


@dataclasses.dataclass(frozen=True)
class NotMovingFor(Fact):
    """The volume is in no move, or in one at whose end this server gets it back."""

    instance_uuid: str

    def clause(self) -> sa.ColumnElement[bool]:
        status = models.volumes.c.migration_status
        idle = [value for value in states.MIGRATION_IDLE if value is not None]
        return sa.or_(status.is_(None), status.in_(idle), _given_back_to(self.instance_uuid))


@dataclasses.dataclass(frozen=True)
class SwappedByNova(Fact):
    """The volume is the target of a move whose data Nova copies."""

    def clause(self) -> sa.ColumnElement[bool]:
        table = models.volume_migrations
        return sa.exists().where(
            table.c.new_volume_id == models.volumes.c.id,
            table.c.status == "running",
            table.c.phase == "nova",
        )
