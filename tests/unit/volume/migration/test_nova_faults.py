# SPDX-License-Identifier: Apache-2.0
"""Moves through Nova when other things go wrong: what a server writes to is never taken away."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from cinder_lite import exception, states
from cinder_lite.db import volume_attachments, volume_migrations, volumes
from cinder_lite.objects import Migration, Volume
from cinder_lite.volume.migration import attached
from tests.unit.conftest import SetOption
from tests.unit.volume.migration.compute import SERVER, Nova, connector
from tests.unit.volume.migration.test_attached import (
    attachment_of,
    check_moved,
    check_stayed,
    compute_connects,
    volume,
)
from tests.unit.volume.migration.world import World

__all__ = ["volume"]


def begin(world: World, compute: Nova, volume: Volume) -> Migration:
    """Have a move begin, whose compute host does what its script says, and leave it running."""
    record = world.migrate(volume)
    for one in [message for message in world.mail if message[1] == "migrate_volume"]:
        world.mail.remove(one)
        world.handle(*one)
    return record


def wait_for(what: Callable[[], object]) -> None:
    """Wait until something holds."""
    for _ in range(600):
        if what():
            return
        threading.Event().wait(0.02)
    raise AssertionError("it does not happen")


def target_of(record: Migration) -> str:
    """Return the id of a move's target."""
    return str(volume_migrations.get(record.id).new_volume_id)


def stop(world: World) -> None:
    """End the service in order."""
    world.managers["one"].drain()
    while world.threads:
        world.threads.pop().join(10)


@pytest.fixture
def late(world: World, compute: Nova, volume: Volume, monkeypatch: pytest.MonkeyPatch) -> Migration:
    """A move whose compute host connects after an abort, and before the service looks again."""
    connect, may_look = threading.Event(), threading.Event()
    real = attached.look

    def look(target_id: str) -> attached.Seen:
        if threading.current_thread() is not threading.main_thread():
            may_look.wait(10)
        return real(target_id)

    def script(self: Nova, _volume_id: str, _new_volume_id: str) -> None:
        connect.wait(10)
        self.connects()

    monkeypatch.setattr(attached, "look", look)
    compute.script = script
    record = begin(world, compute, volume)
    wait_for(lambda: compute.promised)
    wait_for(lambda: volume_migrations.get(record.id).phase == states.PHASE_NOVA)
    world.api.abort_migration(world.context, record.id)
    connect.set()
    compute_connects(record.id)
    may_look.set()
    return record


def test_an_error_while_nova_copies_undoes_nothing(
    world: World, compute: Nova, volume: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server may write to the target already; the move goes on when the database is back."""
    old = attachment_of(volume)
    compute.script = Nova.hangs
    record = begin(world, compute, volume)
    compute_connects(record.id)
    real, broken = attached.look, [True]

    def look(target_id: str) -> attached.Seen:
        if broken.pop() if broken else False:
            raise sa.exc.TimeoutError("QueuePool limit reached")
        return real(target_id)

    monkeypatch.setattr(attached, "look", look)
    wait_for(lambda: volume_migrations.get(record.id).error)
    now = volume_migrations.get(record.id)
    assert (now.status, now.phase) == ("running", states.PHASE_NOVA)
    assert "QueuePool" in (now.error or "")
    target_id = target_of(record)
    [target] = volume_attachments.of_volume(target_id)
    compute.attachments.complete(world.context, target)
    compute.ends(old)
    wait_for(lambda: not world.managers["one"].mover.running())
    compute.calls_back(volume.id, target_id, error=False)
    world.idle()
    check_moved(world, compute, volume, old)


def test_an_abort_that_comes_too_late_takes_nothing_away_when_the_service_ends(
    world: World, compute: Nova, volume: Volume, late: Migration
) -> None:
    """The compute host connects between the abort and the next look; days later comes SIGTERM."""
    old = attachment_of(volume)
    wait_for(lambda: volume_migrations.get(late.id).error)
    now = volume_migrations.get(late.id)
    assert (now.status, now.phase) == ("running", states.PHASE_NOVA)
    assert "abort came too late" in (now.error or "")
    stop(world)
    now = volume_migrations.get(late.id)
    assert (now.status, now.phase) == ("running", states.PHASE_NOVA)
    target_id = target_of(late)
    [target] = volume_attachments.of_volume(target_id)
    compute.attachments.complete(world.context, target)
    compute.ends(old)
    world.start("one")
    compute.calls_back(volume.id, target_id, error=False)
    check_moved(world, compute, volume, old)


def test_an_abort_holds_when_the_compute_host_gives_up(
    world: World, compute: Nova, volume: Volume, late: Migration
) -> None:
    """It came too late, but then Nova ends its copy without a word."""
    old = attachment_of(volume)
    assert compute.promised is not None
    compute.ends(compute.promised.id)
    check_stayed(world, volume, old, "aborted by request")


def test_completion_before_the_data_is_whole_is_refused(
    world: World, compute: Nova, volume: Volume
) -> None:
    """An operator who forgets ``error`` does not put half a copy in the volume's place."""
    old = attachment_of(volume)
    compute.script = Nova.hangs
    record = begin(world, compute, volume)
    compute_connects(record.id)
    target_id = target_of(record)
    with pytest.raises(exception.InvalidVolume, match="does not hold all of its data"):
        compute.calls_back(volume.id, target_id, error=False)
    assert volume_migrations.get(record.id).phase == states.PHASE_NOVA
    compute.calls_back(volume.id, target_id, error=True)
    check_stayed(world, volume, old, "Nova reports that it could not copy")


def test_a_server_that_was_attached_in_the_older_way(
    world: World, compute: Nova, option: SetOption
) -> None:
    """Nova reserves the target by os-reserve: no attachment tells how far it is."""
    made = world.volume()
    compute.actions.reserve(world.context, made)
    compute.actions.attach(
        world.context, made, instance_uuid=SERVER, host_name=None, mountpoint="/dev/vdb", mode="rw"
    )
    volume = volumes.get(world.context, made.id)
    reserved, go_on = threading.Event(), threading.Event()

    def script(self: Nova, volume_id: str, new_volume_id: str) -> None:
        target = volumes.get(self.context, new_volume_id)
        self.actions.initialize_connection(self.context, target, dict(connector()))
        reserved.set()
        go_on.wait(10)
        self.calls_back(volume_id, new_volume_id, error=False)

    compute.script = script
    compute.older = True
    option("migration_nova_poll_interval", 0.05)
    record = begin(world, compute, volume)
    assert reserved.wait(10)
    threading.Event().wait(0.5)
    now = volume_migrations.get(record.id)
    assert (now.status, now.phase, now.error) == ("running", states.PHASE_NOVA, None)
    go_on.set()
    world.idle()
    after = volumes.get(world.context, volume.id)
    assert (after.host, after.status, after.attach_status) == (
        "two@file#file",
        "in-use",
        "attached",
    )
    [attachment] = volume_attachments.of_volume(volume.id)
    assert attachment.instance_uuid == SERVER


def test_nova_is_told_well_although_the_end_comes_later(
    world: World, compute: Nova, volume: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its server uses the target: a failure would have Nova forget how it is connected."""
    old = attachment_of(volume)
    compute.script = Nova.hangs
    record = begin(world, compute, volume)
    compute_connects(record.id)
    target_id = target_of(record)
    [target] = volume_attachments.of_volume(target_id)

    def away(*_arguments: object, **_options: object) -> str:
        raise exception.ServiceUnavailable("The volume service does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(world.api.volume_rpcapi, "migrate_volume_completion", away)
        with pytest.raises(exception.ServiceUnavailable):
            compute.calls_back(volume.id, target_id, error=True)
        compute.attachments.complete(world.context, target)
        compute.ends(old)
        compute.calls_back(volume.id, target_id, error=False)
    assert compute.saved == volume.id
    check_moved(world, compute, volume, old)


def test_a_server_that_comes_back_at_the_end_of_the_move_gets_the_new_data(
    world: World, compute: Nova
) -> None:
    """Its request was made of the old backend, and waited there until the move had ended."""
    made = world.volume()
    compute.attaches(made)
    compute.offloads(made)
    before = volumes.get(world.context, made.id)
    [attachment] = volume_attachments.of_volume(made.id)
    world.held.add("delete_volume")
    world.migrate(before, force_host_copy=True)
    world.idle()
    assert volumes.get(world.context, made.id).migration_status == "success"
    assert list(world.folder("one").iterdir()), "the old data is there still"
    with pytest.raises(exception.InvalidVolume, match="is on two@file#file now"):
        world.api.volume_rpcapi.attachment_update(world.context, before, connector(), attachment.id)
    info = compute.attachments._let_in(world.context, before, connector(), attachment)
    assert str(world.folder("two")) in str(info)
    world.held.clear()
    world.idle()
