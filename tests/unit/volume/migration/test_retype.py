# SPDX-License-Identifier: Apache-2.0
"""A volume gets another type: where it is, by a move, or not; what it counts for at each moment."""

from __future__ import annotations

import pytest

from cinder_lite import exception, policy
from cinder_lite.db import (
    engine,
    models,
    quotas,
    retypes,
    type_encryption,
    volume_migrations,
    volume_types,
    volumes,
)
from cinder_lite.objects import Volume, VolumeType
from cinder_lite.volume.retype import host as retyping
from tests.unit import rows
from tests.unit.volume.migration.world import World


@pytest.fixture
def gold(world: World) -> VolumeType:
    """A volume type."""
    return volume_types.create({"name": "gold"}, {"quality": "high"})


@pytest.fixture
def iron(world: World) -> VolumeType:
    """Another one."""
    return volume_types.create({"name": "iron"}, {})


@pytest.fixture
def volume(world: World, iron: VolumeType) -> Volume:
    """A volume of iron on the source."""
    return world.volume(volume_type_id=iron.id)


def retype(world: World, volume: Volume, to: str = "gold", policy: str = "on-demand") -> Volume:
    """Ask for another type and wait for what comes of it."""
    world.api.retype.start(world.context, volume, to, policy)
    world.idle()
    return volumes.get(world.context, volume.id)


def counts() -> dict[str, int]:
    """Return what the project uses of each type, without zeros."""
    import sqlalchemy as sa

    u = models.quota_usages.c
    with engine.statement() as connection:
        found = connection.execute(sa.select(u.resource, u.in_use).where(u.in_use > 0))
        return {resource: int(count) for resource, count in found}


IRON = {"volumes": 1, "gigabytes": 1, "volumes_iron": 1, "gigabytes_iron": 1}
GOLD = {"volumes": 1, "gigabytes": 1, "volumes_gold": 1, "gigabytes_gold": 1}


def test_where_it_is(world: World, gold: VolumeType, volume: Volume) -> None:
    assert counts() == IRON
    world.retype_to = "one"
    after = retype(world, volume, policy="never")
    assert (after.volume_type_id, after.status) == (gold.id, "available")
    assert (after.host, after.migration_status) == ("one@file#file", None)
    assert counts() == GOLD
    assert volume_migrations.listing({}, limit=1) == []


def test_by_a_move(world: World, gold: VolumeType, volume: Volume) -> None:
    after = retype(world, volume)
    assert (after.volume_type_id, after.status) == (gold.id, "available")
    assert (after.host, after.migration_status) == ("two@file#file", "success")
    [record] = volume_migrations.listing({"volume_id": volume.id}, limit=2)
    assert (record.status, record.mode, record.new_type_id) == ("success", "host_copy", gold.id)
    assert counts() == GOLD
    world.check(volume, quota=(1, 1))


def test_counts_under_both_types_meanwhile(world: World, gold: VolumeType, volume: Volume) -> None:
    world.api.retype.start(world.context, volume, "gold", "on-demand")
    assert volumes.get(world.context, volume.id).status == "retyping"
    assert counts() == {**IRON, **GOLD}
    world.idle()
    assert counts() == GOLD


def test_a_move_that_is_not_allowed(world: World, gold: VolumeType, volume: Volume) -> None:
    after = retype(world, volume, policy="never")
    assert (after.volume_type_id, after.status) == (volume.volume_type_id, "available")
    assert (after.host, after.migration_status) == (volume.host, None)
    assert counts() == IRON


def test_no_backend_for_it(world: World, gold: VolumeType, volume: Volume) -> None:
    world.retype_to = None
    after = retype(world, volume)
    assert (after.volume_type_id, after.status) == (volume.volume_type_id, "available")
    assert counts() == IRON


def test_a_move_that_fails(world: World, gold: VolumeType, volume: Volume) -> None:
    world.failures["driver create_volume"] = exception.VolumeBackendAPIException(data="full.")
    after = retype(world, volume)
    assert (after.volume_type_id, after.status) == (volume.volume_type_id, "available")
    assert after.migration_status == "error"
    assert counts() == IRON


def test_a_volume_with_snapshots_does_not_move(
    world: World, gold: VolumeType, volume: Volume
) -> None:
    import sqlalchemy as sa

    row = {"id": rows.new_id(), "volume_id": volume.id, "status": "available", "deleted": False}
    with engine.transaction() as connection:
        connection.execute(sa.insert(models.snapshots), {**row, "use_quota": True})
    after = retype(world, volume)
    assert (after.host, after.status) == (volume.host, "available")
    assert counts() == IRON


def test_more_than_the_project_may_have(world: World, gold: VolumeType, volume: Volume) -> None:
    import sqlalchemy as sa

    limit = {"project_id": rows.PROJECT, "resource": "gigabytes_gold", "hard_limit": 0}
    with engine.transaction() as connection:
        connection.execute(sa.insert(models.quotas), limit)
    with pytest.raises(exception.VolumeSizeExceedsAvailableQuota, match="gigabytes_gold"):
        retype(world, volume)
    assert volumes.get(world.context, volume.id).status == "available"
    assert counts() == IRON


def test_the_type_that_it_has(world: World, volume: Volume) -> None:
    with pytest.raises(exception.InvalidVolume, match="its type is iron already"):
        retype(world, volume, to="iron")


@pytest.mark.parametrize("status", ["creating", "maintenance", "retyping", "extending"])
def test_a_busy_volume(world: World, gold: VolumeType, iron: VolumeType, status: str) -> None:
    volume = world.volume(volume_type_id=iron.id, status=status)
    with pytest.raises(exception.InvalidVolume, match=f"but is {status}"):
        retype(world, volume)


def test_multiattach_comes_with_the_type(
    world: World, volume: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy, "authorize", lambda *_: None)
    volume_types.create({"name": "shared"}, {"multiattach": "<is> True"})
    world.retype_to = "one"
    assert retype(world, volume, to="shared").multiattach is True
    assert retype(world, volumes.get(world.context, volume.id), to="iron").multiattach is False


def test_multiattach_does_not_change_in_use(world: World, iron: VolumeType) -> None:
    volume_types.create({"name": "shared"}, {"multiattach": "<is> True"})
    volume = world.volume(volume_type_id=iron.id, status="in-use", attach_status="attached")
    with pytest.raises(exception.InvalidInput, match="multiattach"):
        retype(world, volume, to="shared")


LUKS = {"provider": "luks", "control_location": "front-end", "cipher": "aes-xts-plain64"}


def test_the_same_encryption_may_go_on(world: World, gold: VolumeType, volume: Volume) -> None:
    for type_id in (str(volume.volume_type_id), gold.id):
        type_encryption.create(type_id, LUKS)
    assert retype(world, volume).volume_type_id == gold.id


def test_a_lost_message(
    world: World, gold: VolumeType, volume: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.api.retype.start(world.context, volume, "gold", "on-demand")
    world.mail.clear()
    backend = world.managers["one"].backend
    retyping.settle_lost(backend)
    assert volumes.get(world.context, volume.id).status == "retyping"
    monkeypatch.setattr(retypes, "utcnow", lambda: rows.later(hours=1))
    retyping.settle_lost(backend)
    after = volumes.get(world.context, volume.id)
    assert (after.status, after.volume_type_id) == ("available", volume.volume_type_id)
    assert counts() == IRON
    assert quotas.usages(rows.PROJECT)["volumes"][1] == 1


def test_a_reset_ends_what_it_counts(world: World, gold: VolumeType, volume: Volume) -> None:
    """The message of the change is lost, and an administrator writes the status."""
    world.held.add("retype")
    world.retype_to = "one"
    world.api.retype.start(world.context, volume, "gold", "never")
    assert counts() == {**IRON, **GOLD}
    world.mail.clear()
    world.api.reset_status(world.context, volumes.get(world.context, volume.id), status="available")
    assert counts() == IRON


def test_a_volume_that_goes_while_its_type_changes(
    world: World, gold: VolumeType, volume: Volume
) -> None:
    world.held.add("retype")
    world.retype_to = "one"
    world.api.retype.start(world.context, volume, "gold", "never")
    world.mail.clear()
    volumes.destroy(volume.id)
    assert counts() == {}


def test_a_late_message_gives_no_type_that_nobody_wants_any_more(
    world: World, gold: VolumeType, volume: Volume
) -> None:
    """Two changes, of which the first was given up while its message waited."""
    silver = volume_types.create({"name": "silver"}, {})
    world.held.add("retype")
    world.retype_to = "one"
    world.api.retype.start(world.context, volume, "gold", "never")
    world.api.reset_status(world.context, volumes.get(world.context, volume.id), status="available")
    again = volumes.get(world.context, volume.id)
    world.api.retype.start(world.context, again, "silver", "never")
    assert [kind for _, kind, _ in world.mail] == ["retype", "retype"]
    late = world.mail.pop(0)
    world.handle(*late)
    assert volumes.get(world.context, volume.id).status == "retyping"
    world.held.clear()
    world.idle()
    after = volumes.get(world.context, volume.id)
    assert (after.volume_type_id, after.status) == (silver.id, "available")
    assert counts() == {
        "volumes": 1,
        "gigabytes": 1,
        "volumes_silver": 1,
        "gigabytes_silver": 1,
    }


def test_a_reset_leaves_what_a_move_for_another_type_counts(
    world: World, gold: VolumeType, volume: Volume
) -> None:
    """The move goes on, whatever the status says, and settles it."""
    retypes.begin(volume.id, gold.id, [])
    record = {
        "status": "running",
        "phase": "copying",
        "source_host": "one@file#file",
        "dest_host": "two@file#file",
        "new_type_id": gold.id,
    }
    volume_migrations.begin(volume.id, [], {"migration_status": "migrating"}, record)
    world.api.reset_status(world.context, volumes.get(world.context, volume.id), status="available")
    assert volumes.get(world.context, volume.id).status == "available"
    assert counts() == {**IRON, **GOLD}


def test_a_reset_of_a_move_that_has_just_begun(world: World, volume: Volume) -> None:
    """Its request was read before the move began: the move keeps its mark."""
    before = volumes.get(world.context, volume.id)
    volumes.update(volume.id, {"migration_status": "starting"})
    with pytest.raises(exception.InvalidVolume, match="has changed meanwhile"):
        world.api.reset_status(world.context, before, migration_status="none")
    assert volumes.get(world.context, volume.id).migration_status == "starting"
