# SPDX-License-Identifier: Apache-2.0
"""Moves of volumes whose servers are shut off, locked, and let go of the volume meanwhile."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from cinder_lite import exception, message
from cinder_lite.compute import nova
from cinder_lite.context import RequestContext
from cinder_lite.db import messages, volume_attachments, volume_migrations, volume_types, volumes
from cinder_lite.objects import Migration, Volume
from cinder_lite.volume.migration import giving_back
from tests.unit.conftest import SetOption
from tests.unit.volume.migration.compute import SERVER, Nova
from tests.unit.volume.migration.world import World, digest_of

OTHER = "5e4e0000-0000-0000-0000-000000000002"
ALL = ["lock", "detach", "attach", "unlock"]


@pytest.fixture
def volume(world: World, compute: Nova) -> Volume:
    """A volume whose server is shut off."""
    made = world.volume()
    compute.attaches(made)
    compute.uses[made.id] = compute.uses[made.id]._replace(
        tag="logs", delete_on_termination=True, device="/dev/vdc"
    )
    compute.vm_state = "stopped"
    return volumes.get(world.context, made.id)


def record_of(volume: Volume) -> Migration:
    """Return the newest record of a volume."""
    return volume_migrations.listing({"volume_id": volume.id}, limit=1)[0]


def check_given_back(world: World, compute: Nova, volume: Volume, old: str | None = None) -> None:
    """Assert that the server has the volume as it had it, and is not locked.

    :param old: id of the attachment, if it is to be the same
    """
    [attachment] = volume_attachments.of_volume(volume.id)
    assert (attachment.instance_uuid, attachment.attach_status) == (SERVER, "attached")
    assert compute.uses[volume.id] == (attachment.id, "/dev/vdc", "logs", True)
    assert (attachment.id == old) is (old is not None)
    assert volumes.get(world.context, volume.id).status == "in-use"
    assert not compute.locked


def check_data(world: World, volume: Volume, host: str) -> Volume:
    """Assert that a volume's data is on a host, and nowhere else."""
    after = volumes.get(world.context, volume.id)
    assert after.host == f"{host}@file#file"
    assert [p.name for n in ("one", "two") for p in world.folder(n).iterdir()] == [after.name]
    assert digest_of(world.folder(host) / after.name) == world.digest
    return after


@pytest.mark.parametrize(
    ("options", "mode"),
    [
        ({}, "driver"),
        ({"force_host_copy": True}, "host_copy"),
        ({"force_host_copy": True, "lock_volume": True}, "host_copy"),
    ],
)
def test_it_moves(
    world: World, compute: Nova, volume: Volume, options: dict[str, Any], mode: str
) -> None:
    world.migrate(volume, offline_servers=True, **options)
    world.idle()
    record = record_of(volume)
    assert (record.status, record.mode, record.error) == ("success", mode, None)
    assert (record.phase, record.server_id) == ("done", SERVER)
    assert check_data(world, volume, "two").migration_status == "success"
    assert (compute.done, compute.asked) == (ALL, [])
    check_given_back(world, compute, volume)
    [attachment] = volume_attachments.of_volume(volume.id)
    assert str(world.folder("two")) in str(attachment.connection_info)


def test_only_when_asked_for(world: World, compute: Nova, volume: Volume) -> None:
    with pytest.raises(exception.InvalidVolume, match="with offline_servers: then the server"):
        world.migrate(volume)
    assert compute.done == []


@pytest.mark.parametrize(
    ("states", "said"),
    [
        ({"task_state": "powering-on"}, "is busy"),
        ({"root_device": "/dev/vdc"}, "root volume of that server"),
        ({"vm_state": "suspended"}, "is SUSPENDED"),
    ],
)
def test_servers_that_can_not_let_go(
    world: World, compute: Nova, volume: Volume, states: dict[str, Any], said: str
) -> None:
    for name, value in states.items():
        setattr(compute, name, value)
    with pytest.raises(exception.InvalidVolume, match=said):
        world.migrate(volume, offline_servers=True)
    assert compute.done == []


def test_a_server_that_runs(world: World, compute: Nova, volume: Volume) -> None:
    compute.vm_state = "active"
    world.migrate(volume, offline_servers=True)
    world.idle()
    assert record_of(volume).mode == "nova"
    assert compute.done == []


def test_several_servers(world: World, compute: Nova) -> None:
    volume = world.volume(multiattach=True)
    compute.attaches(volume)
    compute.attaches(volume, OTHER)
    compute.vm_state = "stopped"
    with pytest.raises(exception.InvalidVolume, match="several attachments"):
        world.migrate(volumes.get(world.context, volume.id), offline_servers=True)


def test_somebody_elses_lock_stays(world: World, compute: Nova, volume: Volume) -> None:
    compute.locked, compute.locked_reason = True, "do not touch"
    world.migrate(volume, offline_servers=True)
    world.idle()
    assert record_of(volume).status == "success"
    assert compute.done == ["detach", "attach"]
    assert compute.locked_reason == "do not touch"


def test_nobody_else_attaches_it_meanwhile(world: World, compute: Nova, volume: Volume) -> None:
    refused: list[str] = []

    def attach_elsewhere() -> None:
        for server_id in (OTHER, SERVER):
            now = volumes.get(world.context, volume.id)
            with pytest.raises(exception.InvalidVolume) as error:
                compute.attachments.create(compute.context, now, server_id)
            refused.append(error.value.msg)

    def attach_before_the_server() -> None:
        now = volumes.get(world.context, volume.id)
        assert record_of(volume).phase == "attaching"
        with pytest.raises(exception.InvalidVolume) as error:
            compute.attachments.create(compute.context, now, OTHER)
        refused.append(error.value.msg)

    world.hooks["copy 1"] = attach_elsewhere
    world.hooks["nova attach"] = attach_before_the_server
    world.migrate(volume, offline_servers=True, force_host_copy=True)
    world.idle()
    assert [("moving to another backend" in said) for said in refused] == [True] * 3
    check_given_back(world, compute, volume)


def test_the_copy_fails(world: World, compute: Nova, volume: Volume) -> None:
    world.failures["copy 1"] = exception.VolumeCopyFailed(reason="the disk is gone.")
    world.migrate(volume, offline_servers=True, force_host_copy=True)
    world.idle()
    record = record_of(volume)
    assert record.status == "error"
    assert "the disk is gone" in str(record.error)
    assert check_data(world, volume, "one").migration_status == "error"
    check_given_back(world, compute, volume)
    assert compute.done == ALL


@pytest.mark.parametrize("step", ["nova lock", "nova detach", "copy 0", "copy 1"])
def test_it_is_aborted(world: World, compute: Nova, volume: Volume, step: str) -> None:
    world.hooks[step] = lambda: world.api.abort_migration(world.context, record_of(volume).id)
    world.migrate(volume, offline_servers=True, force_host_copy=True)
    world.idle()
    record = record_of(volume)
    assert record.status == "error"
    assert "aborted by request" in str(record.error)
    check_data(world, volume, "one")
    check_given_back(world, compute, volume)


def test_too_late_to_be_aborted(world: World, compute: Nova, volume: Volume) -> None:
    refused: list[str] = []

    def abort() -> None:
        with pytest.raises(exception.InvalidInput) as error:
            world.api.abort_migration(world.context, record_of(volume).id)
        refused.append(error.value.msg)

    world.hooks["nova attach"] = abort
    world.migrate(volume, offline_servers=True)
    world.idle()
    assert "its server gets the volume back" in refused[0]


def refusal(code: int = 403) -> exception.ComputeFailed:
    """Return Nova's refusal."""
    failure = exception.ComputeFailed(reason=f"answered {code}: Policy does not allow it.")
    failure.begun = False
    return failure


@pytest.mark.parametrize("name", ["lock", "detach"])
def test_nova_refuses(world: World, compute: Nova, volume: Volume, name: str) -> None:
    [old] = volume_attachments.of_volume(volume.id)
    compute.refuses[name] = refusal()
    world.migrate(volume, offline_servers=True)
    world.idle()
    record = record_of(volume)
    assert record.status == "error"
    assert "answered 403" in str(record.error)
    check_data(world, volume, "one")
    check_given_back(world, compute, volume, old.id)


def test_it_is_started_before_it_is_locked(world: World, compute: Nova, volume: Volume) -> None:
    [old] = volume_attachments.of_volume(volume.id)
    world.hooks["nova lock done"] = lambda: setattr(compute, "vm_state", "active")
    world.migrate(volume, offline_servers=True)
    world.idle()
    assert "is no longer shut off" in str(record_of(volume).error)
    check_given_back(world, compute, volume, old.id)
    assert compute.done == ["lock", "unlock"]


def test_it_is_not_let_go_of(
    world: World, compute: Nova, volume: Volume, option: SetOption
) -> None:
    [old] = volume_attachments.of_volume(volume.id)
    option("migration_nova_timeout", 1)
    compute.unable.add("never detach")
    world.migrate(volume, offline_servers=True)
    world.idle()
    assert "has not let go of volume" in str(record_of(volume).error)
    check_given_back(world, compute, volume, old.id)


def test_a_user_lets_go_of_it_first(world: World, compute: Nova, volume: Volume) -> None:
    def detach() -> None:
        compute.ends(str(compute.uses.pop(volume.id).attachment_id))

    world.hooks["nova lock"] = detach
    world.migrate(volume, offline_servers=True)
    world.idle()
    assert "has let go of volume" in str(record_of(volume).error)
    assert compute.done == ["lock", "unlock"]
    after = check_data(world, volume, "one")
    assert (after.status, after.migration_status) == ("available", "error")


def settled_by_looks(world: World, looks: int) -> None:
    """Let the service look for work that nobody does, some times."""
    for _ in range(looks):
        with world.acting("one"):
            world.managers["one"]._settle()
        world.idle()


def test_it_is_given_back_at_another_try(world: World, compute: Nova, volume: Volume) -> None:
    compute.unable.add("attach")
    world.migrate(volume, offline_servers=True)
    world.idle()
    record = record_of(volume)
    assert (record.status, record.phase) == ("running", "attaching")
    assert f"the server {SERVER} has not got the volume back" in str(record.error)
    assert compute.locked
    compute.unable.clear()
    settled_by_looks(world, 1)
    record = record_of(volume)
    assert (record.status, record.error) == ("success", None)
    check_data(world, volume, "two")
    check_given_back(world, compute, volume)


def test_nova_forgets_that_it_promised_it(world: World, compute: Nova, volume: Volume) -> None:
    """Its conductor died after it had reserved the volume."""
    compute.unable.add("keep")
    world.migrate(volume, offline_servers=True)
    world.idle()
    assert record_of(volume).phase == "attaching"
    assert "gave that up" in str(record_of(volume).error)
    assert volume_attachments.of_volume(volume.id) == []
    compute.unable.clear()
    settled_by_looks(world, 1)
    assert record_of(volume).status == "success"
    check_given_back(world, compute, volume)


@pytest.mark.parametrize("copied", [True, False])
def test_it_can_not_be_given_back(
    world: World, compute: Nova, volume: Volume, copied: bool
) -> None:
    compute.refuses["attach"] = refusal(500)
    if not copied:
        world.failures["copy 1"] = exception.VolumeCopyFailed(reason="the disk is gone.")
    world.migrate(volume, offline_servers=True, force_host_copy=True)
    world.idle()
    settled_by_looks(world, giving_back.TRIES - 1)
    record = record_of(volume)
    assert (record.status, record.phase) == ("success" if copied else "error", "done")
    command = f"openstack server add volume --device /dev/vdc --tag logs {SERVER} {volume.id}"
    assert command in str(record.error)
    assert ("the disk is gone" in str(record.error)) is not copied
    assert not compute.locked
    after = check_data(world, volume, "two" if copied else "one")
    assert (after.status, after.attach_status) == ("available", "detached")
    told = messages.listing(RequestContext(project_id=volume.project_id), {})
    assert any(SERVER in message.text(one) and "/dev/vdc" in message.text(one) for one in told)


def test_its_server_is_deleted_meanwhile(world: World, compute: Nova, volume: Volume) -> None:
    gone = exception.ServerNotFound(uuid=SERVER)
    world.hooks["copy 1"] = lambda: compute.refuses.update(details=gone, attach=gone)
    world.migrate(volume, offline_servers=True, force_host_copy=True)
    world.idle()
    record = record_of(volume)
    assert (record.status, record.error) == ("success", None)
    assert check_data(world, volume, "two").status == "available"


def test_nova_is_away_when_the_volume_is_given_back(
    world: World, compute: Nova, volume: Volume
) -> None:
    away = refusal(503)
    world.hooks["copy 1"] = lambda: compute.refuses.update(details=away, attach=away)
    world.migrate(volume, offline_servers=True, force_host_copy=True)
    world.idle()
    assert record_of(volume).phase == "attaching"
    compute.refuses.clear()
    settled_by_looks(world, 1)
    assert record_of(volume).status == "success"
    check_given_back(world, compute, volume)


def test_the_service_stops_while_it_waits(world: World, compute: Nova, volume: Volume) -> None:
    compute.unable.add("never detach")
    drain = threading.Thread(target=world.managers["one"].mover.drain)
    world.hooks["nova detach done"] = drain.start
    world.migrate(volume, offline_servers=True)
    world.idle()
    record = record_of(volume)
    drain.join(30)
    assert (record.status, record.phase, record.attempts) == ("running", "detaching", 0)
    compute.unable.clear()
    world.start("one")
    world.idle()
    assert record_of(volume).status == "success"
    check_data(world, volume, "two")
    check_given_back(world, compute, volume)


def test_aborted_and_stopped_while_nova_detaches(
    world: World, compute: Nova, volume: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(giving_back, "_SURE_OF_KEPT", 1000)
    [old] = volume_attachments.of_volume(volume.id)
    compute.unable.add("never detach")
    drain = threading.Thread(target=world.managers["one"].mover.drain)

    def stop() -> None:
        world.api.abort_migration(world.context, record_of(volume).id)
        drain.start()

    world.hooks["nova detach done"] = stop
    world.migrate(volume, offline_servers=True)
    world.idle()
    drain.join(30)
    record = record_of(volume)
    assert (record.status, record.phase) == ("running", "attaching")
    late = threading.Timer(0.5, compute._detaches, [volume.id])
    compute.unable.clear()
    late.start()
    world.start("one")
    world.idle()
    late.join()
    assert "aborted by request" in str(record_of(volume).error)
    assert compute.done == ALL
    assert old.id not in {now.id for now in volume_attachments.of_volume(volume.id)}
    check_data(world, volume, "one")
    check_given_back(world, compute, volume)


def test_an_answer_that_is_lost(world: World, compute: Nova, volume: Volume) -> None:
    lost = exception.ComputeFailed(reason="did not answer within 60 seconds.")
    lost.begun = True

    def losing(name: str) -> Any:
        def ask(*arguments: Any) -> None:
            getattr(Nova, name)(compute, *arguments)
            raise lost

        return ask

    for name in ("detach", "attach"):
        setattr(compute, name, losing(name))
    world.migrate(volume, offline_servers=True)
    world.idle()
    assert record_of(volume).status == "success"
    check_given_back(world, compute, volume)
    assert nova.Attached(*compute.uses[volume.id]).tag == "logs"


def test_another_type(world: World, compute: Nova, volume: Volume) -> None:
    gold = volume_types.create({"name": "gold"}, {})
    world.api.retype.start(world.context, volume, "gold", "on-demand", offline_servers=True)
    world.idle()
    record = record_of(volume)
    assert (record.status, record.error, record.mode) == ("success", None, "host_copy")
    assert check_data(world, volume, "two").volume_type_id == gold.id
    check_given_back(world, compute, volume)


def test_another_type_that_is_not_to_be_had(world: World, compute: Nova, volume: Volume) -> None:
    volume_types.create({"name": "gold"}, {})
    world.api.retype.start(world.context, volume, "gold", "on-demand")
    world.idle()
    assert "ask for the move with offline_servers" in str(record_of(volume).error)
    after = check_data(world, volume, "one")
    assert (after.volume_type_id, after.status) == (volume.volume_type_id, "in-use")
    assert compute.done == []
