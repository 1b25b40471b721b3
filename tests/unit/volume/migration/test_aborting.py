# SPDX-License-Identifier: Apache-2.0
"""Moves that are aborted, in each phase: the volume stays, nothing is left, or it is refused."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

from cinder_lite import exception, states
from cinder_lite.db import volume_attachments, volume_migrations, volumes
from cinder_lite.objects import Migration, Volume
from tests.unit import rows
from tests.unit.conftest import SetOption
from tests.unit.volume.migration.compute import SERVER, Nova
from tests.unit.volume.migration.walks import connector
from tests.unit.volume.migration.world import World


def abort(world: World, volume: Volume) -> None:
    """Abort a volume's newest move."""
    [newest] = volume_migrations.listing({"volume_id": volume.id}, limit=1)
    world.api.abort_migration(world.context, newest.id)


def check_aborted(world: World, volume: Volume) -> Migration:
    """Assert that a move was undone because that was asked for."""
    world.idle()
    record = world.check(volume, quota=(1, 1))
    assert record.status == states.RECORD_ERROR
    assert record.error == "Volume migration failed: it was aborted by request."
    return record


def test_before_a_backend_is_chosen(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.api.scheduler_rpcapi, "migrate_volume_to_host", lambda *_, **__: None)
    volume = world.volume()
    world.migrate(volume, lock_volume=True)
    abort(world, volume)
    check_aborted(world, volume)


@pytest.mark.parametrize("late", [False, True])
def test_before_the_service_has_heard_of_it(world: World, late: bool) -> None:
    volume = world.volume()
    world.migrate(volume)
    if late:
        world.held.add("migrate_volume")
    abort(world, volume)
    world.held.clear()
    check_aborted(world, volume)


@pytest.mark.parametrize(
    "step", ["driver create_volume", "driver before_volume_copy", "copy 0", "copy 1"]
)
def test_while_it_is_copied(world: World, step: str) -> None:
    volume = world.volume()
    world.hooks[step] = lambda: abort(world, volume)
    world.migrate(volume, force_host_copy=True)
    check_aborted(world, volume)
    world.migrate(volumes.get(world.context, volume.id))
    world.idle()
    assert world.check(volume, quota=(1, 1)).status == states.RECORD_SUCCESS


@pytest.mark.parametrize("step", ["driver create_volume", "copy 1"])
def test_no_crash_forgets_it(world: World, step: str) -> None:
    volume = world.volume()
    world.lose_mail_of_dead = True

    def dies() -> None:
        world.held.add("abort_migration")
        abort(world, volume)
        world.dead.add("one")

    world.hooks[step] = dies
    world.migrate(volume, force_host_copy=True)
    world.idle()
    world.mail.clear()
    world.held.clear()
    world.settle()
    check_aborted(world, volume)


def test_while_it_waits_for_its_turn(world: World, option: SetOption) -> None:
    option("max_concurrent_migrations", 1, "one_file")
    first, waiting = rows.volume(), world.volume()
    (world.folder("one") / first.name).touch()

    def other_comes() -> None:
        world.migrate(waiting)
        [message] = world._deliverable()
        world.mail.remove(message)
        world.handle(*message)
        world.threads[-1].join(30)
        assert volume_migrations.running_of_volume(waiting.id).phase == "queued"  # type: ignore[union-attr]
        abort(world, waiting)
        after = volumes.get(world.context, waiting.id)
        assert (after.migration_status, after.status) == ("error", "available")

    world.hooks["copy 0"] = other_comes
    begun = world.migrate(first, force_host_copy=True)
    world.idle()
    assert volume_migrations.get(begun.id).status == states.RECORD_SUCCESS
    [record] = volume_migrations.listing({"volume_id": waiting.id}, limit=1)
    assert record.error == "Volume migration failed: it was aborted by request."
    world.migrate(volumes.get(world.context, waiting.id), force_host_copy=True)
    world.idle()
    assert volumes.get(world.context, waiting.id).host == "two@file#file"


@pytest.mark.parametrize("step", ["call update_migrated_volume", "cast delete_volume"])
def test_data_that_is_whole_is_not_given_up(world: World, step: str) -> None:
    volume, refused = world.volume(), list[str]()

    def too_late() -> None:
        with pytest.raises(exception.InvalidInput) as error:
            abort(world, volume)
        refused.append(error.value.msg)

    world.hooks[step] = too_late
    world.migrate(volume, force_host_copy=True)
    world.idle()
    assert world.check(volume, quota=(1, 1)).status == states.RECORD_SUCCESS
    assert "its data is whole on the destination" in refused[0]


def test_an_abort_that_comes_while_the_data_becomes_whole(world: World) -> None:
    volume = world.volume()
    mover = world.managers["one"].mover

    def late() -> None:
        [newest] = volume_migrations.listing({"volume_id": volume.id}, limit=1)
        mover.abort(world.context, newest.id)

    world.hooks["call update_migrated_volume"] = late
    world.migrate(volume, force_host_copy=True)
    world.idle()
    assert world.check(volume, quota=(1, 1)).status == states.RECORD_SUCCESS


def test_one_that_has_ended(world: World) -> None:
    volume = world.volume()
    world.migrate(volume)
    world.idle()
    with pytest.raises(exception.InvalidInput, match=r"it has ended \(success\)"):
        abort(world, volume)
    with pytest.raises(exception.MigrationNotFound):
        world.api.abort_migration(world.context, "no-such-id")


# --- in use ----------------------------------------------------------------------------------


def begun(world: World, compute: Nova, script: Any) -> Volume:
    """Return a volume in use whose move has come to Nova."""
    volume = world.volume()
    made = compute.attachments.create(world.context, volume, SERVER)
    host = {**connector("compute1"), "host": socket.gethostname()}
    compute.attachments.update(world.context, made, host)
    compute.attachments.complete(world.context, made)
    compute.script = script
    world.migrate(volumes.get(world.context, volume.id))
    for one in world._deliverable():
        world.mail.remove(one)
        world.handle(*one)
    for _ in range(600):
        if compute.threads and compute.threads[0].ident:
            break
        threading.Event().wait(0.02)
    for thread in compute.threads:
        thread.join(10)
    return volume


def test_before_a_compute_host_has_begun(world: World, compute: Nova) -> None:
    volume = begun(world, compute, Nova.never_connects)
    abort(world, volume)
    world.idle()
    [record] = volume_migrations.listing({"volume_id": volume.id}, limit=1)
    after = volumes.get(world.context, volume.id)
    assert record.error == "Volume migration failed: it was aborted by request."
    assert (after.host, after.status) == ("one@file#file", "in-use")
    assert len(volume_attachments.of_volume(volume.id)) == 1
    assert list(world.folder("two").iterdir()) == []


def test_a_compute_host_that_copies_is_not_stopped(world: World, compute: Nova) -> None:
    volume = begun(world, compute, Nova.hangs)
    with pytest.raises(exception.InvalidInput, match="Nova copies the data and can not be stopped"):
        abort(world, volume)
    running = volume_migrations.running_of_volume(volume.id)
    assert running is not None
    compute.calls_back(volume.id, str(running.new_volume_id), error=True)
    world.idle()
    assert volumes.get(world.context, volume.id).status == "in-use"
