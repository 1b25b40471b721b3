# SPDX-License-Identifier: Apache-2.0
"""Moves of attached volumes: what Nova does, what it fails to do, and what is left after each."""

from __future__ import annotations

import socket
import threading

import pytest

from cinder_lite import exception, states
from cinder_lite.db import volume_attachments, volume_migrations, volume_types, volumes
from cinder_lite.objects import Attachment, Migration, Volume
from tests.unit import rows
from tests.unit.conftest import SetOption
from tests.unit.volume.migration.compute import SERVER, Nova, Script
from tests.unit.volume.migration.world import World


@pytest.fixture
def volume(world: World, compute: Nova) -> Volume:
    """A volume in use by a server."""
    made = world.volume()
    compute.attaches(made)
    return volumes.get(world.context, made.id)


def outcome(world: World, volume: Volume) -> tuple[Migration, Volume, list[Attachment]]:
    """Wait until the move is over; return its record, the volume and its attachments."""
    world.idle()
    record = volume_migrations.listing({"volume_id": volume.id}, limit=1)[0]
    after = volumes.get(world.context, volume.id)
    return record, after, volume_attachments.of_volume(volume.id)


def files(world: World) -> list[str]:
    """Return the files of both backends."""
    return sorted(f"{n}/{p.name}" for n in ("one", "two") for p in world.folder(n).iterdir())


def check_moved(world: World, compute: Nova, volume: Volume, old: str) -> None:
    """Assert that the volume is on the destination, attached once, with nothing left."""
    record, after, [attachment] = outcome(world, volume)
    assert (record.status, record.mode, record.phase) == ("success", "nova", "done")
    assert record.error is None
    assert (after.host, after.status) == ("two@file#file", "in-use")
    assert (after.attach_status, after.migration_status) == ("attached", "success")
    assert attachment.id != old
    assert (attachment.instance_uuid, attachment.attach_status) == (SERVER, "attached")
    assert after.name_id == record.new_volume_id
    assert files(world) == [f"two/{after.name}"]
    with pytest.raises(exception.VolumeNotFound):
        volumes.get(world.context, str(record.new_volume_id))


def check_stayed(world: World, volume: Volume, old: str, said: str) -> Migration:
    """Assert that the volume is where it was, attached as it was, and that the record says why."""
    record, after, [attachment] = outcome(world, volume)
    assert (record.status, record.phase) == ("error", "done")
    assert said in (record.error or "")
    assert (after.host, after.status) == ("one@file#file", "in-use")
    assert (after.attach_status, after.migration_status) == ("attached", "error")
    assert (attachment.id, attachment.attach_status) == (old, "attached")
    assert files(world) == [f"one/{after.name}"]
    assert not volume_migrations.running()
    return record


def attachment_of(volume: Volume) -> str:
    """Return the id of a volume's only attachment."""
    [attachment] = volume_attachments.of_volume(volume.id)
    return attachment.id


def test_nova_moves_it(world: World, compute: Nova, volume: Volume) -> None:
    old = attachment_of(volume)
    record = world.migrate(volume)
    check_moved(world, compute, volume, old)
    compute.threads[0].join(10)
    assert (compute.saved, compute.refused) == (volume.id, [])
    [(server, moved, target)] = compute.asked
    assert (server, moved) == (SERVER, volume.id)
    assert target == volume_migrations.get(record.id).new_volume_id


def test_and_back_again(world: World, compute: Nova, volume: Volume) -> None:
    old = attachment_of(volume)
    world.migrate(volume)
    check_moved(world, compute, volume, old)
    world.migrate(volumes.get(world.context, volume.id), to="one")
    _, after, [attachment] = outcome(world, volume)
    assert (after.host, after.status, after.migration_status) == (
        "one@file#file",
        "in-use",
        "success",
    )
    assert attachment.attach_status == "attached"
    assert files(world) == [f"one/{after.name}"]


def test_nova_can_not(world: World, compute: Nova, volume: Volume) -> None:
    old = attachment_of(volume)
    compute.script = Nova.fails
    world.migrate(volume)
    check_stayed(world, volume, old, "Nova reports that it could not copy")
    compute.threads[0].join(10)
    assert (compute.saved, compute.refused) == (volume.id, [])


def failed(what: str, *, begun: bool) -> exception.ComputeFailed:
    """Return what a call of Nova may raise."""
    error = exception.ComputeFailed(reason=what)
    error.begun = begun
    return error


@pytest.mark.parametrize("what", ["answered 409: busy.", "does not answer: refused."])
def test_nova_refuses_or_is_unreachable(
    world: World, compute: Nova, volume: Volume, what: str
) -> None:
    old = attachment_of(volume)
    compute.answer = failed(what, begun=False)
    world.migrate(volume)
    check_stayed(world, volume, old, what)


def test_nova_fails_before_it_begins(world: World, compute: Nova, volume: Volume) -> None:
    old = attachment_of(volume)
    compute.script = Nova.never_begins
    compute.answer = failed("answered 500: out of order.", begun=True)
    world.migrate(volume)
    check_stayed(world, volume, old, "answered 500: out of order.")


def test_the_answer_is_lost_but_the_work_is_done(
    world: World, compute: Nova, volume: Volume
) -> None:
    old = attachment_of(volume)
    compute.answer = failed("did not answer within 60 seconds.", begun=True)
    world.migrate(volume)
    check_moved(world, compute, volume, old)


def test_nova_never_calls_back(world: World, compute: Nova, volume: Volume) -> None:
    old = attachment_of(volume)
    compute.script = Nova.is_silent
    world.migrate(volume)
    check_moved(world, compute, volume, old)


def test_nova_gives_up_without_a_word(world: World, compute: Nova, volume: Volume) -> None:
    old = attachment_of(volume)
    compute.script = Nova.gives_up_silently
    world.migrate(volume)
    check_stayed(world, volume, old, "has not said why")


def test_no_compute_host_begins(
    world: World, compute: Nova, volume: Volume, option: SetOption
) -> None:
    old = attachment_of(volume)
    compute.script = Nova.never_connects
    option("migration_nova_timeout", 1)
    world.migrate(volume)
    check_stayed(world, volume, old, "has not begun within 1 seconds")


def test_a_copy_that_takes_long_is_left_alone_until_somebody_ends_it(
    world: World, compute: Nova, volume: Volume, option: SetOption
) -> None:
    old = attachment_of(volume)
    compute.script = Nova.hangs
    option("migration_nova_timeout", 1)
    record = world.migrate(volume)
    for one in [message for message in world.mail if message[1] == "migrate_volume"]:
        world.mail.remove(one)
        world.handle(*one)
    for _ in range(600):
        now = volume_migrations.get(record.id)
        if now.error:
            break
        threading.Event().wait(0.02)
    assert (now.status, now.phase) == ("running", "nova")
    assert "The migration goes on" in (now.error or "")
    compute.calls_back(volume.id, str(now.new_volume_id), error=True)
    check_stayed(world, volume, old, "Nova reports that it could not copy")


@pytest.mark.parametrize(
    ("vm_state", "task_state", "said"),
    [
        ("stopped", None, "is STOPPED"),
        ("suspended", None, "is SUSPENDED"),
        ("active", "migrating", "task_state is migrating"),
    ],
)
def test_a_server_that_is_in_no_state_for_it_is_refused_up_front(
    world: World,
    compute: Nova,
    volume: Volume,
    vm_state: str,
    task_state: str | None,
    said: str,
) -> None:
    compute.vm_state, compute.task_state = vm_state, task_state  # type: ignore[assignment]
    with pytest.raises(exception.InvalidVolume, match=said):
        world.migrate(volume)
    assert volumes.get(world.context, volume.id).migration_status is None
    assert not volume_migrations.running()


def test_a_volume_of_a_host_is_refused(world: World, compute: Nova) -> None:
    volume = world.volume()
    compute.actions.attach(
        world.context, volume, instance_uuid=None, host_name="h", mountpoint="/m", mode="rw"
    )
    with pytest.raises(exception.InvalidVolume, match="attached to the host h, not to a server"):
        world.migrate(volumes.get(world.context, volume.id))


def test_completion_is_for_the_two_sides_of_one_move(
    world: World, compute: Nova, volume: Volume
) -> None:
    stranger = rows.volume()
    with pytest.raises(exception.InvalidVolume):
        world.api.migrate_volume_completion(
            world.context,
            volume.replace(migration_status=states.MIGRATION_MIGRATING),
            stranger.id,
            error=False,
        )


@pytest.mark.parametrize("force_host_copy", [False, True])
def test_its_server_lets_go_before_the_move_begins(
    world: World, compute: Nova, volume: Volume, force_host_copy: bool
) -> None:
    old = attachment_of(volume)
    world.migrate(volume, force_host_copy=force_host_copy)
    compute.ends(old)
    world.idle()
    after = volumes.get(world.context, volume.id)
    assert (after.host, after.migration_status) == ("two@file#file", "success")
    assert (after.status, after.attach_status) == ("available", "detached")


def test_its_server_lets_go_before_a_move_that_fails(
    world: World, compute: Nova, volume: Volume
) -> None:
    old = attachment_of(volume)
    world.migrate(volume, force_host_copy=True)
    compute.ends(old)
    world.failures["copy 0"] = exception.VolumeMigrationFailed(reason="the disk is full")
    world.idle()
    after = volumes.get(world.context, volume.id)
    assert (after.host, after.migration_status) == ("one@file#file", "error")
    assert (after.status, after.attach_status) == ("available", "detached")


def test_volumes_that_nova_swaps_for_a_user(world: World, compute: Nova, volume: Volume) -> None:
    other = rows.volume()
    attachment = attachment_of(volume)
    saved = world.api.migrate_volume_completion(world.context, volume, other.id, error=False)
    assert saved == other.id
    assert attachment_of(other) == attachment
    assert volumes.get(world.context, volume.id).status == "available"
    assert volumes.get(world.context, other.id).status == "in-use"


@pytest.mark.parametrize("script", [Nova.swaps, Nova.fails, Nova.is_silent])
def test_the_service_is_killed_while_nova_copies(
    world: World, compute: Nova, volume: Volume, script: Script
) -> None:
    old = attachment_of(volume)
    go = threading.Event()

    def later(self: Nova, volume_id: str, new_volume_id: str) -> None:
        go.wait(20)
        script(self, volume_id, new_volume_id)

    compute.script = later
    world.migrate(volume)
    for one in [message for message in world.mail if message[1] == "migrate_volume"]:
        world.mail.remove(one)
        world.handle(*one)
    for _ in range(600):
        if compute.threads:
            break
        threading.Event().wait(0.02)
    world.dead.add("one")
    while world.threads:
        world.threads.pop().join(10)
    world.start("one")
    go.set()
    if script is Nova.fails:
        check_stayed(world, volume, old, "Nova")
    else:
        check_moved(world, compute, volume, old)


@pytest.mark.parametrize("to", ["one", "two"])
def test_its_server_goes_while_its_type_changes(
    world: World, compute: Nova, volume: Volume, to: str
) -> None:
    gold = volume_types.create({"name": "gold"}, {})
    world.retype_to = to
    world.api.retype.start(world.context, volume, "gold", "on-demand")
    compute.ends(attachment_of(volume))
    assert volumes.get(world.context, volume.id).status == states.RETYPING
    world.idle()
    after = volumes.get(world.context, volume.id)
    assert (after.status, after.attach_status) == ("available", "detached")
    assert (after.volume_type_id, after.service_host) == (gold.id, f"{to}@file")


def test_another_node_connects_while_it_grows(world: World, compute: Nova, volume: Volume) -> None:
    there = {"host": socket.gethostname(), "initiator": "other"}
    promised = compute.attachments.create(world.context, volume, SERVER)
    world.held.add("extend_volume")
    world.api.extend(world.context, volume, 2, attached=True)
    world.api.volume_rpcapi.attachment_update(world.context, volume, there, promised.id)
    assert volumes.get(world.context, volume.id).status == states.EXTENDING
    compute.attachments.complete(world.context, promised)
    assert volumes.get(world.context, volume.id).status == states.EXTENDING
    world.held.clear()
    world.idle()
    after = volumes.get(world.context, volume.id)
    assert (after.status, after.attach_status, after.size) == ("in-use", "attached", 2)


def test_a_node_leaves_while_it_grows(world: World, compute: Nova, volume: Volume) -> None:
    world.held.add("extend_volume")
    world.api.extend(world.context, volume, 2, attached=True)
    compute.ends(attachment_of(volume))
    assert volumes.get(world.context, volume.id).status == states.EXTENDING
    world.held.clear()
    world.idle()
    after = volumes.get(world.context, volume.id)
    assert (after.status, after.attach_status, after.size) == ("available", "detached", 2)


@pytest.mark.parametrize("good", [True, False])
def test_the_service_ends_in_order_while_nova_copies(
    world: World, compute: Nova, volume: Volume, good: bool
) -> None:
    old = attachment_of(volume)
    compute.script = Nova.hangs
    record = world.migrate(volume)
    for one in [message for message in world.mail if message[1] == "migrate_volume"]:
        world.mail.remove(one)
        world.handle(*one)
    compute_connects(record.id)
    world.managers["one"].drain()
    assert volume_migrations.get(record.id).phase == states.PHASE_NOVA, "Nova has not answered yet"
    while world.threads:
        world.threads.pop().join(10)
    world.start("one")
    assert volume_migrations.get(record.id).phase == states.PHASE_NOVA
    target_id = str(volume_migrations.get(record.id).new_volume_id)
    if good:
        [target] = volume_attachments.of_volume(target_id)
        compute.attachments.complete(world.context, target)
        compute.ends(old)
        compute.calls_back(volume.id, target_id, error=False)
        check_moved(world, compute, volume, old)
    else:
        compute.calls_back(volume.id, target_id, error=True)
        check_stayed(world, volume, old, "Nova reports that it could not copy")


def compute_connects(migration_id: str) -> None:
    """Wait until the compute host has connected the target of a move."""
    for _ in range(600):
        target_id = volume_migrations.get(migration_id).new_volume_id
        if target_id and any(a.connection_info for a in volume_attachments.of_volume(target_id)):
            return
        threading.Event().wait(0.02)
    raise AssertionError("the target is not connected")
