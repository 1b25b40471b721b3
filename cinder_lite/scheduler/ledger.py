# SPDX-License-Identifier: Apache-2.0
"""What was promised of each pool and is not in its backend's last report yet.

A promise is made under the scheduler's lock, before the database knows of it, and is *confirmed*
once the volume's row (or the migration's record) names the pool. From then on the database can
answer for it, so each new report of a backend replaces that backend's confirmed promises by what
the database says is still missing from the report. That settles three races at once: a report
taken before a volume existed does not wipe out its promise; a promise ends exactly when a report
holds the volume, or the volume will never come; and what other schedulers promised is known here
as of the next report, and after a restart.

The growth of a volume and a snapshot are promised alike, each under a key of its own.
"""

from __future__ import annotations

import dataclasses
import datetime
import math
from collections.abc import Collection, Iterable, Mapping

from cinder_lite import host as host_name
from cinder_lite import states
from cinder_lite.db import in_place, volume_migrations, volumes

GIB = 1024**3

_EXTENSION, _SNAPSHOT = "extension of ", "snapshot "

_PROMISED_PHASES = (
    states.PHASE_SCHEDULED,
    states.PHASE_QUEUED,
    states.PHASE_STARTING,
    states.PHASE_MOVING,
    states.PHASE_CREATING,
)
"""Phases of a move whose destination is chosen and that may have no row there yet."""


def extension_key(volume_id: str) -> str:
    """Return the key of what a volume is promised to grow by."""
    return _EXTENSION + volume_id


def snapshot_key(snapshot_id: str) -> str:
    """Return the key of what a snapshot is promised."""
    return _SNAPSHOT + snapshot_id


@dataclasses.dataclass(frozen=True, slots=True)
class Promise:
    """Capacity of a pool that one volume, its growth, or a snapshot will take."""

    key: str
    """Id of the volume, or of the migration while its target has no row; or :func:`extension_key`
    or :func:`snapshot_key`."""
    host: str
    """``host@backend#pool``."""
    size: float
    """GiB."""
    thin: bool = True
    """The volume may be thin."""
    allocated: bool = True
    """False when the reported ``allocated_capacity_gb`` holds it already."""


class Ledger:
    """The promises by key. Its user does the locking."""

    def __init__(self) -> None:
        self._promises: dict[str, Promise] = {}
        self._unconfirmed: set[str] = set()

    def __len__(self) -> int:
        return len(self._promises)

    def add(self, promise: Promise) -> None:
        """Note a promise that the database does not know of yet."""
        self._promises[promise.key] = promise
        self._unconfirmed.add(promise.key)

    def confirm(self, key: str) -> None:
        """Note that the database knows of a promise from now on."""
        self._unconfirmed.discard(key)

    def remove(self, key: str) -> Promise | None:
        """Take a promise back and return it."""
        self._unconfirmed.discard(key)
        return self._promises.pop(key, None)

    def of_host(self, host: str) -> list[Promise]:
        """Return the promises of one pool.

        :param host: ``host@backend#pool``
        """
        return [promise for promise in self._promises.values() if promise.host == host]

    def confirmed(self, service_host: str) -> dict[str, Promise]:
        """Return a backend's confirmed promises by key.

        :param service_host: ``host@backend``
        """
        return {
            key: promise
            for key, promise in self._promises.items()
            if key not in self._unconfirmed and host_name.service_of(promise.host) == service_host
        }

    def replace(self, confirmed: Collection[str], durable: Iterable[Promise]) -> None:
        """Put what the database knows in the place of confirmed promises.

        :param confirmed: what :meth:`confirmed` returned before the database was asked; promises
            made or confirmed later stay, as the database's answer may have missed them
        :param durable: what the database knows; whether the volume may be thin is kept from the
            promise that is replaced
        """
        before = {key: self._promises.pop(key) for key in confirmed if key in self._promises}
        for promise in durable:
            if promise.key in self._promises:
                continue
            known = before.get(promise.key)
            thin = known.thin if known is not None else promise.thin
            self._promises[promise.key] = dataclasses.replace(promise, thin=thin)


def durable_promises(
    service_host: str, taken: datetime.datetime, known: Mapping[str, Promise]
) -> list[Promise]:
    """Return what the database knows to be missing from a backend's report.

    :param service_host: ``host@backend``
    :param taken: when the report's figures were taken, by that host's clock, which also sets the
        times at which its volumes are finished
    :param known: the backend's confirmed promises by key. The database knows when a volume was
        extended, but not by how much: that is only known here
    """
    promises = [
        Promise(
            key=one.volume_id,
            host=one.host,
            size=one.size,
            # The volume service counts allocated_capacity_gb from the same rows.
            allocated=one.placed_at is not None and one.placed_at > taken,
        )
        for one in volumes.unreported(service_host, taken)
    ]
    promises += [
        Promise(key=move.id, host=move.dest_host, size=math.ceil(move.bytes_total / GIB))
        for move in volume_migrations.running(phases=_PROMISED_PHASES)
        # Once the target has a row, that row is among the volumes.
        if move.new_volume_id is None and host_name.service_of(move.dest_host) == service_host
    ]
    promises += [
        Promise(key=extension_key(one.id), host=one.host, size=one.gigabytes)
        for one in in_place.growing(service_host)
    ]
    promises += [
        Promise(key=snapshot_key(one.id), host=one.host, size=one.gigabytes)
        for one in in_place.snapshots_in_the_making(service_host)
    ]
    grown = in_place.grown_since(_named(known, _EXTENSION), taken)
    made = in_place.snapshots_made_since(_named(known, _SNAPSHOT), taken)
    ended = {*map(extension_key, grown), *map(snapshot_key, made)}
    return promises + [known[key] for key in ended.difference(one.key for one in promises)]


def _named(known: Iterable[str], kind: str) -> list[str]:
    """Return the ids in the keys of one kind."""
    return [key.removeprefix(kind) for key in known if key.startswith(kind)]
