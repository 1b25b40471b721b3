# SPDX-License-Identifier: Apache-2.0
"""Moves of volumes whose servers are shelved and offloaded: without Nova, and in its place."""

from __future__ import annotations

from typing import Any

import pytest

from cinder_lite import exception
from cinder_lite.db import volume_attachments, volume_migrations, volume_types, volumes
from cinder_lite.objects import Volume
from tests.unit.volume.migration.compute import SERVER, Nova, connector
from tests.unit.volume.migration.world import World, digest_of

OTHER = "5e4e0000-0000-0000-0000-000000000002"


@pytest.fixture
def volume(world: World, compute: Nova) -> Volume:
    """A volume whose server is shelved and offloaded."""
    made = world.volume()
    compute.attaches(made)
    compute.offloads(made)
    return volumes.get(world.context, made.id)


def ids(volume: Volume) -> list[str]:
    """Return the ids of a volume's attachments."""
    return [one.id for one in volume_attachments.of_volume(volume.id)]


def check_moved(world: World, volume: Volume, mode: str) -> None:
    """Assert that the volume and its data are on the destination, and nothing elsewhere."""
    record = volume_migrations.listing({"volume_id": volume.id}, limit=1)[0]
    assert (record.status, record.mode, record.error) == ("success", mode, None)
    after = volumes.get(world.context, volume.id)
    assert (after.host, after.migration_status) == ("two@file#file", "success")
    assert digest_of(world.folder("two") / after.name) == world.digest
    assert [p.name for n in ("one", "two") for p in world.folder(n).iterdir()] == [after.name]


@pytest.mark.parametrize(
    ("options", "mode"),
    [
        ({}, "driver"),
        ({"force_host_copy": True}, "host_copy"),
        ({"force_host_copy": True, "lock_volume": True}, "host_copy"),
    ],
)
def test_it_moves_without_nova(
    world: World, compute: Nova, volume: Volume, options: dict[str, Any], mode: str
) -> None:
    assert volume.status == "reserved"
    before = ids(volume)
    world.migrate(volume, **options)
    world.idle()
    check_moved(world, volume, mode)
    assert compute.asked == []
    assert ids(volume) == before
    assert volumes.get(world.context, volume.id).status == "reserved"
    compute.unshelves(volume)
    [attachment] = volume_attachments.of_volume(volume.id)
    assert str(world.folder("two")) in str(attachment.connection_info)
    assert volumes.get(world.context, volume.id).status == "in-use"


def test_all_of_several_servers(world: World, compute: Nova) -> None:
    volume = world.volume(multiattach=True)
    compute.attaches(volume)
    compute.attaches(volume, OTHER)
    compute.offloads(volume)
    before = ids(volume)
    world.migrate(volumes.get(world.context, volume.id))
    world.idle()
    check_moved(world, volume, "driver")
    assert ids(volume) == before


def test_one_of_several_servers_runs(world: World, compute: Nova) -> None:
    volume = world.volume(multiattach=True)
    compute.attaches(volume)
    compute.attaches(volume, OTHER)
    compute.offloads(volume)
    compute.attachments.update(
        compute.context, volume_attachments.of_volume(volume.id)[0], connector()
    )
    with pytest.raises(exception.InvalidVolume, match="several attachments"):
        world.migrate(volumes.get(world.context, volume.id))


def test_attached_while_the_server_was_offloaded(world: World, compute: Nova) -> None:
    """Nova completes such an attachment at once, so that the volume is in use."""
    volume = world.volume()
    compute.attachments.complete(
        compute.context, compute.attachments.create(compute.context, volume, SERVER)
    )
    compute.vm_state = "shelved_offloaded"
    world.migrate(volumes.get(world.context, volume.id))
    world.idle()
    check_moved(world, volume, "driver")
    assert volumes.get(world.context, volume.id).status == "in-use"


@pytest.mark.parametrize("options", [{}, {"force_host_copy": True}])
def test_a_server_that_comes_back_meanwhile(
    world: World, compute: Nova, volume: Volume, options: dict[str, Any]
) -> None:
    refused: list[str] = []

    def come_back() -> None:
        try:
            compute.unshelves(volume)
        except exception.InvalidVolume as error:
            refused.append(error.msg)

    step = "copy 1" if options else "driver migrate_volume"
    world.hooks[step] = come_back
    world.migrate(volume, **options)
    world.idle()
    assert "it is moving to another backend" in refused[0]
    check_moved(world, volume, "host_copy" if options else "driver")
    [attachment] = volume_attachments.of_volume(volume.id)
    assert attachment.connector is None
    compute.unshelves(volume)
    assert volumes.get(world.context, volume.id).status == "in-use"


def test_a_server_that_comes_back_as_the_move_is_asked_for(
    world: World, compute: Nova, volume: Volume
) -> None:
    """Nova said that it was offloaded; the database knows better when it decides."""
    asked = compute.server

    def server(context: object, server_id: str) -> Any:
        answer = asked(context, server_id)
        if compute.vm_state == "shelved_offloaded":
            compute.unshelves(volume)
        return answer

    compute.server = server  # type: ignore[method-assign, assignment]
    with pytest.raises(exception.InvalidVolume, match="begins to use it again"):
        world.migrate(volume)
    assert volumes.get(world.context, volume.id).status == "in-use"


def test_a_server_that_is_deleted_meanwhile(world: World, compute: Nova, volume: Volume) -> None:
    world.hooks["copy 1"] = lambda: compute.ends(ids(volume)[0])
    world.migrate(volume, force_host_copy=True)
    world.idle()
    check_moved(world, volume, "host_copy")
    assert volumes.get(world.context, volume.id).status == "available"


def test_a_promise_to_a_server_that_runs(world: World, compute: Nova) -> None:
    volume = world.volume()
    compute.attachments.create(compute.context, volume, SERVER)
    with pytest.raises(exception.InvalidVolume, match="must be available or in-use, but is reserv"):
        world.migrate(volumes.get(world.context, volume.id))


def test_it_stays_when_the_copy_fails(world: World, compute: Nova, volume: Volume) -> None:
    before = ids(volume)
    world.failures["copy 1"] = exception.VolumeCopyFailed(reason="the disk is gone.")
    world.migrate(volume, force_host_copy=True)
    world.idle()
    after = volumes.get(world.context, volume.id)
    assert (after.host, after.migration_status) == ("one@file#file", "error")
    assert (after.status, ids(volume)) == ("reserved", before)
    compute.unshelves(volume)


def test_another_type(world: World, compute: Nova, volume: Volume) -> None:
    gold = volume_types.create({"name": "gold"}, {})
    before = ids(volume)
    world.api.retype.start(world.context, volume, "gold", "on-demand")
    world.idle()
    check_moved(world, volume, "host_copy")
    after = volumes.get(world.context, volume.id)
    assert (after.volume_type_id, after.status, ids(volume)) == (gold.id, "reserved", before)


def test_no_other_type_for_a_promise_to_a_server_that_runs(world: World, compute: Nova) -> None:
    volume = world.volume()
    compute.attachments.create(compute.context, volume, SERVER)
    volume_types.create({"name": "gold"}, {})
    with pytest.raises(exception.InvalidVolume, match="available or in-use, but is reserved"):
        world.api.retype.start(
            world.context, volumes.get(world.context, volume.id), "gold", "on-demand"
        )
