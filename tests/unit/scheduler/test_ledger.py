# SPDX-License-Identifier: Apache-2.0
"""Promises: made, confirmed, taken back, and replaced by what the database knows."""

from __future__ import annotations

import datetime

import pytest

from cinder_lite import states
from cinder_lite.db import volume_migrations, volumes
from cinder_lite.objects import utcnow
from cinder_lite.scheduler.ledger import Ledger, Promise, durable_promises
from tests.unit.scheduler.conftest import new_migration, new_volume

NOW = utcnow()
EARLIER, LATER = NOW - datetime.timedelta(seconds=30), NOW + datetime.timedelta(seconds=30)


def test_promises_by_pool() -> None:
    ledger = Ledger()
    first, second = Promise("v1", "h@b#p1", 1), Promise("v2", "h@b#p2", 2)
    ledger.add(first)
    ledger.add(second)
    assert len(ledger) == 2
    assert ledger.of_host("h@b#p1") == [first]
    assert ledger.of_host("h@b") == []
    assert ledger.remove("v1") == first
    assert ledger.remove("v1") is None
    assert ledger.of_host("h@b#p1") == []


def test_only_confirmed_promises_of_the_backend_are_the_databases() -> None:
    ledger = Ledger()
    for key, host in (("v1", "h@b#p"), ("v2", "h@b#p"), ("v3", "h@b2#p")):
        ledger.add(Promise(key, host, 1))
    ledger.confirm("v1")
    ledger.confirm("v3")
    ledger.confirm("unknown")
    assert ledger.confirmed("h@b") == {"v1": Promise("v1", "h@b#p", 1)}
    assert set(ledger.confirmed("h@b2")) == {"v3"}


def test_replace() -> None:
    ledger = Ledger()
    for key in ("landed", "pending", "unconfirmed"):
        ledger.add(Promise(key, "h@b#p", 1, thin=False))
    ledger.confirm("landed")
    ledger.confirm("pending")
    confirmed = ledger.confirmed("h@b")
    # Between the look at the ledger and the database's answer.
    ledger.add(Promise("meanwhile", "h@b#p", 1))
    ledger.confirm("meanwhile")
    ledger.replace(
        confirmed,
        [
            Promise("pending", "h@b#p", 1, allocated=False),
            Promise("unconfirmed", "h@b#p", 9),
            Promise("of another scheduler", "h@b#p", 3),
        ],
    )
    assert {one.key: one for one in ledger.of_host("h@b#p")} == {
        "pending": Promise("pending", "h@b#p", 1, thin=False, allocated=False),
        "unconfirmed": Promise("unconfirmed", "h@b#p", 1, thin=False),
        "meanwhile": Promise("meanwhile", "h@b#p", 1),
        "of another scheduler": Promise("of another scheduler", "h@b#p", 3),
    }


def test_a_replaced_promise_belongs_to_the_database() -> None:
    ledger = Ledger()
    ledger.replace(set(), [Promise("v", "h@b#p", 1)])
    assert set(ledger.confirmed("h@b")) == {"v"}
    ledger.replace({"v"}, [])
    assert len(ledger) == 0


@pytest.mark.usefixtures("database")
class TestDurablePromises:
    """What a report taken now can not hold."""

    def keys(self, host: str = "h@b") -> dict[str, Promise]:
        return {one.key: one for one in durable_promises(host, NOW, {})}

    @pytest.mark.parametrize(
        ("values", "promised"),
        [
            ({"status": states.CREATING}, True),
            ({"status": states.AVAILABLE, "launched_at": LATER}, True),
            ({"status": states.AVAILABLE, "launched_at": EARLIER}, False),
            ({"status": states.IN_USE, "launched_at": EARLIER}, False),
            ({"status": states.ERROR}, False),
            ({"status": states.CREATING, "host": "h@b2#p"}, False),
            ({"status": states.CREATING, "host": "h@bb#p"}, False),
            ({"status": states.CREATING, "host": None}, False),
            ({"status": states.CREATING, "deleted": True}, False),
        ],
    )
    def test_volumes(self, values: dict[str, object], promised: bool) -> None:
        volume = new_volume(**{"host": "h@b#p", **values})
        assert (volume.id in self.keys()) is promised

    @pytest.mark.parametrize(
        ("scheduled_at", "created_at", "allocated"),
        [
            (LATER, EARLIER, True),
            (EARLIER, EARLIER, False),
            # A move's target has its source's scheduled_at.
            (EARLIER, LATER, True),
            (None, LATER, True),
        ],
    )
    def test_whether_it_is_among_the_allocated(
        self, scheduled_at: object, created_at: object, allocated: bool
    ) -> None:
        volume = new_volume(host="h@b#p", scheduled_at=scheduled_at, created_at=created_at)
        assert self.keys()[volume.id] == Promise(
            volume.id, "h@b#p", 10, thin=True, allocated=allocated
        )

    @pytest.mark.parametrize(
        ("phase", "values", "promised"),
        [
            (states.PHASE_SCHEDULING, {}, False),
            (states.PHASE_SCHEDULED, {}, True),
            (states.PHASE_STARTING, {}, True),
            (states.PHASE_MOVING, {}, True),
            (states.PHASE_CREATING, {}, True),
            (states.PHASE_CREATING, {"new_volume_id": "x"}, False),
            (states.PHASE_COPYING, {}, False),
            (states.PHASE_SCHEDULED, {"status": states.RECORD_ERROR}, False),
            (states.PHASE_SCHEDULED, {"dest_host": "h@b2#p"}, False),
        ],
    )
    def test_moves(self, phase: str, values: dict[str, str], promised: bool) -> None:
        volume = new_volume(host="h0@b#p", status=states.AVAILABLE, launched_at=EARLIER)
        migration = new_migration(volume, "h@b#p")
        volume_migrations.update(migration.id, {"phase": phase, **values})
        expected = {migration.id: Promise(migration.id, "h@b#p", 10)} if promised else {}
        assert self.keys() == expected

    def test_a_moves_target_is_promised_once(self) -> None:
        source = new_volume(host="h0@b#p", status=states.AVAILABLE, launched_at=EARLIER)
        migration = new_migration(source, "h@b#p")
        target = new_volume(host="h@b#p", migration_status=states.migration_target_of(source.id))
        volume_migrations.update(
            migration.id, {"phase": states.PHASE_CREATING, "new_volume_id": target.id}
        )
        assert list(self.keys()) == [target.id]
        volumes.update(target.id, {"status": states.AVAILABLE, "launched_at": EARLIER})
        assert self.keys() == {}
