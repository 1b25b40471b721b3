# SPDX-License-Identifier: Apache-2.0
"""What is done once although the database's answer to it was lost, and it was tried again."""

from __future__ import annotations

import pytest

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import conditions as cond
from cinder_lite.db import (
    group_changes,
    group_snapshots,
    groups,
    growth,
    pages,
    quotas,
    snapshots,
    transfers,
    volumes,
)
from cinder_lite.objects import Group, Transfer, Volume
from tests.unit import rows
from tests.unit.conftest import SetOption

AVAILABLE = cond.In("it is {volume.status}.", "status", (states.AVAILABLE,))
OWNER = {"user_id": "user-1", "project_id": rows.PROJECT}


def _used(resource: str, project: str = rows.PROJECT) -> int:
    return quotas.usages(project)[resource][1]


def test_a_volume(lost: list[bool]) -> None:
    lost.append(True)
    made = rows.volume()
    assert not lost
    assert [one.id for one in volumes.for_host("one@file")] == [made.id]
    assert (_used("volumes"), _used("gigabytes")) == (1, 1)


def test_a_volume_that_used_the_quota_up(lost: list[bool], option: SetOption) -> None:
    option("quota_volumes", 1)
    lost.append(True)
    rows.volume()
    assert _used("volumes") == 1


def test_a_snapshot(lost: list[bool]) -> None:
    volume = rows.volume()
    lost.append(True)
    made = rows.snapshot(volume, metadata={"a": "b"})
    assert not lost
    assert [one.id for one in snapshots.of_volume(volume.id)] == [made.id]
    assert _used("snapshots") == 1


# --- growth ----------------------------------------------------------------------------------


def test_growth_that_begins(lost: list[bool]) -> None:
    volume = rows.volume()
    lost.append(True)
    assert growth.begin(volume.id, 3, [AVAILABLE]) == []
    assert not lost
    assert growth.growing_to(volume.id) == 3
    growth.end(volume.id, grown=True)
    assert _used("gigabytes") == 3


def test_growth_that_another_request_began_is_refused(lost: list[bool]) -> None:
    volume = rows.volume()
    assert growth.begin(volume.id, 3, [AVAILABLE]) == []
    assert growth.begin(volume.id, 3, [AVAILABLE]) == ["it is extending."]


@pytest.mark.parametrize(
    ("grown", "status", "size", "expected"),
    [
        (True, None, 3, states.AVAILABLE),
        (False, None, 1, states.AVAILABLE),
        (False, states.ERROR_EXTENDING, 1, states.ERROR_EXTENDING),
    ],
)
def test_growth_that_ends(
    lost: list[bool], grown: bool, status: str | None, size: int, expected: str
) -> None:
    volume = rows.volume()
    growth.begin(volume.id, 3, ())
    lost.append(True)
    ended = growth.end(volume.id, grown=grown, status=status)
    assert not lost
    assert ended is not None
    assert (ended.size, ended.status) == (size, expected)
    assert _used("gigabytes") == size
    assert growth.end(volume.id, grown=grown, status=status) is None, "it has ended already"


# --- transfers -------------------------------------------------------------------------------


def _offer(volume: Volume) -> Transfer | None:
    values = {
        "volume_id": volume.id,
        "display_name": None,
        "salt": "salt",
        "crypt_hash": "hash",
        "no_snapshots": False,
        "source_project_id": volume.project_id,
        "accepted": False,
    }
    return transfers.create(values, [AVAILABLE])


def test_an_offer(lost: list[bool]) -> None:
    volume = rows.volume()
    lost.append(True)
    made = _offer(volume)
    assert not lost
    assert made is not None
    assert [one.id for one in transfers.listing(None, {}, pages.Window())] == [made.id]
    assert _offer(volume) is None


@pytest.mark.parametrize("key_id", [None, "key"])
def test_an_offer_that_is_accepted(
    lost: list[bool], admin: RequestContext, key_id: str | None
) -> None:
    volume = rows.volume(encryption_key_id=key_id)
    offer = _offer(volume)
    assert offer is not None
    lost.append(True)
    transfers.accept(offer, "eve", "project-2", key_id)
    assert not lost
    assert volumes.get(admin, volume.id).project_id == "project-2"
    assert (_used("volumes"), _used("volumes", "project-2")) == (0, 1)
    with pytest.raises(exception.TransferNotFound):
        transfers.accept(offer, "eve", "project-2", key_id)


# --- groups ----------------------------------------------------------------------------------


@pytest.fixture
def group(sqlite_database: str) -> Group:
    """Return a group of one volume."""
    kind = rows.volume_type()
    made = rows.group(rows.group_type(), kind)
    rows.volume(group_id=made.id, volume_type_id=kind.id)
    return made


def _groups() -> list[str]:
    return [one.id for one in groups.listing(None, {}, pages.Window())]


def test_a_group(lost: list[bool]) -> None:
    kind, allowed = rows.group_type(), rows.volume_type()
    lost.append(True)
    made = rows.group(kind, allowed)
    assert not lost
    assert _groups() == [made.id]
    assert _used("groups") == 1


def test_a_groups_snapshot(group: Group, lost: list[bool]) -> None:
    lost.append(True)
    made = group_snapshots.create(group.id, {**OWNER, "name": None, "description": None}, ())
    assert not lost
    found = group_snapshots.listing(None, {}, pages.Window())
    assert [one.id for one in found] == [made.id]
    assert _used("snapshots") == 1


def test_a_copy_of_a_group(group: Group, lost: list[bool]) -> None:
    lost.append(True)
    made = group_changes.copy_group(OWNER, group.id)
    assert not lost
    assert sorted(_groups()) == sorted([group.id, made.id])
    assert (_used("groups"), _used("volumes")) == (2, 2)


def test_a_copy_of_a_groups_snapshot(group: Group, lost: list[bool]) -> None:
    taken = group_snapshots.create(group.id, {**OWNER, "name": None, "description": None}, ())
    parts = group_snapshots.snapshots_of(taken.id)
    group_snapshots.finish_create(taken.id, {part.id: {} for part in parts})
    lost.append(True)
    made = group_changes.copy_group_snapshot(
        OWNER, taken.id, group.id, group_snapshots.read_snapshots
    )
    assert not lost
    assert sorted(_groups()) == sorted([group.id, made.id])
    assert (_used("groups"), _used("volumes")) == (2, 2)
