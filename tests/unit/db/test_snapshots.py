# SPDX-License-Identifier: Apache-2.0
"""Rows of snapshots: written and counted together, and changed only from the expected status."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import conditions as cond
from cinder_lite.db import engine, models, quotas, snapshots, volume_migrations, volumes
from tests.unit import rows
from tests.unit.conftest import SetOption

pytestmark = pytest.mark.usefixtures("database")

AVAILABLE_ONLY = [cond.In("it is {volume.status}.", "status", (states.AVAILABLE,))]


def used(project: str = rows.PROJECT) -> tuple[int, int]:
    usages = quotas.usages(project)
    return usages["snapshots"][1], usages["gigabytes"][1]


def test_a_snapshot_has_what_its_volume_has_and_knows_the_volumes_name(
    admin: RequestContext,
) -> None:
    volume = rows.volume(size=3, volume_type_id=rows.new_id(), _name_id=rows.new_id())
    made = rows.snapshot(volume, display_name="one", metadata={"k": "v"})
    found = snapshots.get(admin, made.id)
    assert found == made
    assert (found.volume_size, found.volume_type_id) == (3, volume.volume_type_id)
    assert found.volume_name == volume.name
    assert found.name == f"snapshot-{made.id}"
    assert snapshots.metadata(made.id) == {"k": "v"}


def test_a_rule_that_refuses_leaves_nothing() -> None:
    volume = rows.volume(status=states.ERROR)
    made, refused = snapshots.create(volume.id, AVAILABLE_ONLY, {"project_id": rows.PROJECT})
    assert made is None
    assert refused == ["it is error."]
    assert snapshots.of_volume(volume.id) == []
    assert used() == (0, 1)


def test_a_volume_that_has_gone_has_no_new_snapshots() -> None:
    volume = rows.volume()
    volumes.destroy(volume.id)
    with pytest.raises(exception.VolumeNotFound):
        snapshots.create(volume.id, (), {"project_id": rows.PROJECT})


def test_snapshots_are_counted_until_they_are_deleted() -> None:
    volume = rows.volume(size=2)
    made = rows.snapshot(volume)
    uncounted = rows.snapshot(volume, use_quota=False)
    assert used() == (1, 4)
    assert snapshots.destroy(made.id)
    assert not snapshots.destroy(made.id)
    assert snapshots.destroy(uncounted.id)
    assert used() == (0, 2)


def test_gigabytes_of_snapshots_need_not_count(option: SetOption) -> None:
    option("no_snapshot_gb_quota", True)
    made = rows.snapshot(rows.volume(size=2))
    assert used() == (1, 2)
    snapshots.destroy(made.id)
    assert used() == (0, 2)


@pytest.mark.parametrize(
    ("name", "limit", "error"),
    [
        ("quota_snapshots", 0, exception.SnapshotLimitExceeded),
        ("quota_gigabytes", 3, exception.VolumeSizeExceedsAvailableQuota),
    ],
)
def test_a_quota_that_refuses_leaves_nothing(
    option: SetOption, name: str, limit: int, error: type[Exception]
) -> None:
    volume = rows.volume(size=2)
    option(name, limit)
    with pytest.raises(error):
        rows.snapshot(volume)
    assert used() == (0, 2)
    assert snapshots.of_volume(volume.id) == []


def test_a_status_is_changed_from_the_expected_one_only(admin: RequestContext) -> None:
    made = rows.snapshot(rows.volume())
    deleting = {"status": states.DELETING}
    assert not snapshots.conditional_update(made.id, deleting, [states.ERROR])
    assert snapshots.conditional_update(made.id, deleting, [states.AVAILABLE])
    assert snapshots.get(admin, made.id).status == states.DELETING
    assert snapshots.conditional_update(made.id, {"status": states.ERROR}, None)


def test_a_groups_snapshot_may_be_left_alone() -> None:
    made = rows.snapshot(rows.volume(), group_snapshot_id=rows.new_id())
    values = {"status": states.DELETING}
    assert not snapshots.conditional_update(made.id, values, None, of_group=False)
    assert snapshots.conditional_update(made.id, values, None)


def test_the_latest_snapshot_comes_first() -> None:
    volume = rows.volume()
    made = [rows.snapshot(volume).id for _ in range(3)]
    rows.snapshot(rows.volume())
    assert [one.id for one in snapshots.of_volume(volume.id)] == made[::-1]


def test_a_service_finds_its_own_by_status() -> None:
    here = rows.snapshot(rows.volume(), status=states.CREATING)
    other = rows.snapshot(rows.volume())
    rows.snapshot(rows.volume(host="one@file2#file"), status=states.CREATING)
    found = snapshots.for_host("one@file", [states.CREATING])
    assert [one.id for one in found] == [here.id]
    assert {one.id for one in snapshots.for_host("one@file")} == {here.id, other.id}


def test_another_project_does_not_see_it(admin: RequestContext) -> None:
    made = rows.snapshot(rows.volume())
    stranger = RequestContext(project_id="other", is_admin=False)
    with pytest.raises(exception.SnapshotNotFound):
        snapshots.get(stranger, made.id)
    snapshots.destroy(made.id)
    with pytest.raises(exception.SnapshotNotFound):
        snapshots.get(admin, made.id)


def test_metadata_is_replaced_and_goes_with_the_snapshot() -> None:
    made = rows.snapshot(rows.volume(), metadata={"a": "1", "b": "2"})
    snapshots.replace_metadata(made.id, {"b": "3"})
    assert snapshots.metadata(made.id) == {"b": "3"}
    snapshots.destroy(made.id)
    assert snapshots.metadata(made.id) == {}


def image_metadata(**where: str) -> dict[str, Any]:
    table = models.volume_glance_metadata
    query = sa.select(table.c.key, table.c.value).filter_by(**where)
    with engine.statement() as connection:
        return {row.key: row.value for row in connection.execute(query)}


def test_image_metadata_goes_from_volume_to_snapshot_to_volume() -> None:
    volume, new = rows.volume(), rows.volume()
    with engine.statement() as connection:
        connection.execute(
            sa.insert(models.volume_glance_metadata),
            {"volume_id": volume.id, "key": "image_id", "value": "i"},
        )
    made = rows.snapshot(volume)
    snapshots.copy_image_metadata_from_volume(made.id, volume.id)
    assert image_metadata(snapshot_id=made.id) == {"image_id": "i"}
    for _ in range(2):
        snapshots.copy_image_metadata_to_volume(new.id, from_snapshot=made.id)
    assert image_metadata(volume_id=new.id) == {"image_id": "i"}
    clone = rows.volume()
    snapshots.copy_image_metadata_to_volume(clone.id, from_volume=new.id)
    assert image_metadata(volume_id=clone.id) == {"image_id": "i"}


def test_a_volume_with_a_snapshot_does_not_begin_to_move() -> None:
    volume = rows.volume()
    rows.snapshot(volume)
    record = {"source_host": "a", "dest_host": "b", "status": "running", "phase": "scheduling"}
    rules = [cond.NoSnapshots("it has snapshots.")]
    moving = {"migration_status": states.MIGRATION_STARTING}
    assert volume_migrations.begin(volume.id, rules, moving, record) is None
