# SPDX-License-Identifier: Apache-2.0
"""Volumes: compare-and-swap, visibility, soft deletion, and what backends ask."""

from __future__ import annotations

import datetime
import threading

import pytest

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import conditions as cond
from cinder_lite.db import quotas, volume_metadata, volumes
from cinder_lite.objects import utcnow
from tests.unit import rows

pytestmark = pytest.mark.usefixtures("database")

AVAILABLE = cond.In("its status is {volume.status}.", "status", (states.AVAILABLE,))


def _member(project_id: str = rows.PROJECT) -> RequestContext:
    return RequestContext(user_id="u", project_id=project_id, is_admin=False, overwrite=False)


def test_create_keeps_every_value_and_the_metadata(admin: RequestContext) -> None:
    made = volumes.create(
        {"project_id": "p", "size": 3, "status": "creating", "display_name": "d"},
        {"key": "value", "other": ""},
    )
    read = volumes.get(admin, made.id)
    assert (read.size, read.status, read.display_name) == (3, "creating", "d")
    assert read.created_at is not None
    assert read.created_at.tzinfo is None
    assert volume_metadata.get(made.id) == {"key": "value", "other": ""}


def test_get_hides_other_projects_volumes_and_deleted_ones(admin: RequestContext) -> None:
    mine = rows.volume()
    assert volumes.get(_member(), mine.id).id == mine.id
    with pytest.raises(exception.VolumeNotFound, match=mine.id):
        volumes.get(_member("other"), mine.id)
    volumes.destroy(mine.id)
    with pytest.raises(exception.VolumeNotFound):
        volumes.get(admin, mine.id)
    everything = RequestContext(is_admin=True, read_deleted="yes", overwrite=False)
    assert volumes.get(everything, mine.id).deleted


def test_conditional_update_changes_nothing_when_a_rule_refuses(admin: RequestContext) -> None:
    volume = rows.volume(status=states.ERROR)
    assert not volumes.conditional_update(volume.id, {"display_name": "no"}, [AVAILABLE])
    assert volumes.get(admin, volume.id) == volume
    assert volumes.refusals(volume.id, [AVAILABLE]) == ["its status is error."]


def test_conditional_update_of_a_deleted_volume_changes_nothing() -> None:
    volume = rows.volume()
    volumes.destroy(volume.id)
    assert not volumes.conditional_update(volume.id, {"display_name": "no"}, [])
    with pytest.raises(exception.VolumeNotFound):
        volumes.refusals(volume.id, [AVAILABLE])


@pytest.mark.parametrize("previous_first", [True, False])
def test_previous_status_is_the_status_before(previous_first: bool, admin: RequestContext) -> None:
    """Some databases assign from left to right: the order must not decide what is kept."""
    volume = rows.volume()
    values = {"previous_status": volumes.column("status"), "status": states.DELETING}
    if not previous_first:
        values = dict(reversed(values.items()))
    assert volumes.conditional_update(volume.id, values, [AVAILABLE])
    after = volumes.get(admin, volume.id)
    assert (after.previous_status, after.status) == (states.AVAILABLE, states.DELETING)


@pytest.mark.parametrize(
    ("status", "locked", "expected"),
    [
        (states.AVAILABLE, True, states.MAINTENANCE),
        (states.AVAILABLE, False, states.AVAILABLE),
        (states.IN_USE, True, states.IN_USE),
    ],
)
def test_a_lock_changes_only_available_volumes(
    status: str, locked: bool, expected: str, admin: RequestContext
) -> None:
    volume = rows.volume(status=status)
    values = {
        "migration_status": states.MIGRATION_STARTING,
        "previous_status": volumes.column("status"),
        "status": volumes.status_or_maintenance(locked),
    }
    assert volumes.conditional_update(volume.id, values, [])
    after = volumes.get(admin, volume.id)
    assert (after.status, after.previous_status) == (expected, status)


@pytest.mark.parametrize(
    ("status", "previous", "expected"),
    [
        (states.MAINTENANCE, states.AVAILABLE, states.AVAILABLE),
        (states.MAINTENANCE, None, states.AVAILABLE),
        (states.IN_USE, states.AVAILABLE, states.IN_USE),
    ],
)
def test_unlocking_gives_the_status_before_the_lock(
    status: str, previous: str | None, expected: str, admin: RequestContext
) -> None:
    volume = rows.volume(status=status, previous_status=previous)
    assert volumes.conditional_update(volume.id, {"status": volumes.status_unlocked()}, [])
    assert volumes.get(admin, volume.id).status == expected


def test_of_many_swaps_at_once_one_succeeds() -> None:
    volume = rows.volume()
    wins: list[bool] = []
    barrier = threading.Barrier(6)

    def swap() -> None:
        barrier.wait()
        values = {"status": states.DELETING, "previous_status": volumes.column("status")}
        wins.append(volumes.conditional_update(volume.id, values, [AVAILABLE]))

    threads = [threading.Thread(target=swap) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(wins) == [False] * 5 + [True]


def test_update_takes_the_name_override_by_either_name(admin: RequestContext) -> None:
    volume = rows.volume()
    other = rows.new_id()
    volumes.update(volume.id, {"name_id_override": other})
    assert volumes.get(admin, volume.id).name_id == other
    volumes.update(volume.id, {"_name_id": None})
    assert volumes.get(admin, volume.id).name_id == volume.id


def test_destroy_gives_the_quota_back_once() -> None:
    first, second = rows.volume(size=2), rows.volume(size=5)
    assert quotas.usages(rows.PROJECT)["gigabytes"][1] == 7
    assert volumes.destroy(first.id)
    assert not volumes.destroy(first.id)
    usages = quotas.usages(rows.PROJECT)
    assert (usages["volumes"][1], usages["gigabytes"][1]) == (1, 5)
    assert volumes.destroy(second.id)
    assert quotas.usages(rows.PROJECT)["gigabytes"][1] == 0
    assert not volumes.destroy(rows.new_id())


def test_destroy_removes_the_metadata_and_the_mark_of_a_move(admin: RequestContext) -> None:
    volume = volumes.create(
        {"project_id": "p", "size": 1, "migration_status": "success"}, {"k": "v"}
    )
    volumes.destroy(volume.id)
    assert volume_metadata.get(volume.id) == {}
    gone = volumes.get(
        RequestContext(is_admin=True, read_deleted="yes", overwrite=False), volume.id
    )
    assert (gone.status, gone.migration_status) == ("deleted", None)
    assert gone.deleted_at is not None


def test_a_temporary_volume_is_not_counted() -> None:
    temporary = rows.volume(use_quota=False)
    assert quotas.usages(rows.PROJECT)["volumes"][1] == 0
    rows.volume()
    volumes.destroy(temporary.id)
    assert quotas.usages(rows.PROJECT)["volumes"][1] == 1


def test_for_host_takes_every_pool_of_the_service_and_no_other() -> None:
    names = ["n_de@b", "n_de@b#pool", "n_de@b#po#ol", "nxde@b#pool", "n_de@b2#pool", "n_de"]
    made = {name: rows.volume(host=name, use_quota=False).id for name in names}
    found = {volume.id for volume in volumes.for_host("n_de@b")}
    assert found == {made[name] for name in names[:3]}


def test_for_host_leaves_deleted_volumes_out_unless_asked() -> None:
    kept, gone = rows.volume(), rows.volume()
    volumes.destroy(gone.id)
    assert [v.id for v in volumes.for_host("one@file")] == [kept.id]
    both = {v.id for v in volumes.for_host("one@file", include_deleted=True)}
    assert both == {kept.id, gone.id}


def test_allocated_gb_adds_up_each_pool() -> None:
    for size, host in ((1, "one@file#a"), (4, "one@file#a"), (2, "one@file#b"), (9, "two@file#a")):
        rows.volume(size=size, host=host)
    volumes.destroy(rows.volume(size=7, host="one@file#a").id)
    assert volumes.allocated_gb("one@file") == {"a": (2, 5), "b": (1, 2)}


def test_moving_and_target_volumes_are_found_by_their_mark() -> None:
    moving = rows.volume(migration_status=states.MIGRATION_MIGRATING)
    target = rows.volume(migration_status=states.migration_target_of(moving.id), host="two@file#f")
    rows.volume()
    found = volumes.with_migration_status("one@file", [states.MIGRATION_MIGRATING])
    assert [v.id for v in found] == [moving.id]
    assert [v.id for v in volumes.migration_targets()] == [target.id]


def test_unreported_are_those_being_made_and_those_made_since() -> None:
    now = utcnow()
    before, after = now - datetime.timedelta(seconds=9), now + datetime.timedelta(seconds=9)
    making = rows.volume(status=states.CREATING)
    fresh = rows.volume(launched_at=after)
    rows.volume(launched_at=before)
    assert {one.volume_id for one in volumes.unreported("one@file", now)} == {making.id, fresh.id}
