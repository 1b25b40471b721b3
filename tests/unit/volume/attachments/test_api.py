# SPDX-License-Identifier: Apache-2.0
"""Attachments from the promise to the end, and what they make of their volume."""

from __future__ import annotations

from typing import Any

import pytest

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import volume_admin_metadata, volume_attachments, volume_migrations, volumes
from cinder_lite.objects import Volume
from cinder_lite.volume.attachments import api as attachment_api
from cinder_lite.volume.attachments import guard
from tests.unit import rows
from tests.unit.conftest import SetOption
from tests.unit.volume.attachments.place import (
    OTHER_SERVER,
    SERVER,
    Place,
    connector,
    failure,
)

NO_ATTACHMENT = "00000000-0000-0000-0000-00000000dead"


def now(place: Place, volume: Volume) -> tuple[str | None, str | None]:
    """Return a volume's statuses."""
    found = volumes.get(place.context, volume.id)
    return found.status, found.attach_status


def test_the_walk_of_nova(place: Place) -> None:
    volume = place.volume()
    made = place.attachments.create(place.context, volume, SERVER)
    assert (made.attach_status, made.attach_mode, made.connection_info) == ("reserved", "null", {})
    assert now(place, volume) == ("reserved", "detached")

    updated = place.attachments.update(
        place.context, made, connector("compute1", mountpoint="/dev/vdb")
    )
    assert updated.attach_status == "reserved"  # answers show it as it was before
    info = updated.connection_info or {}
    assert (info["driver_volume_type"], info["target_lun"]) == ("iscsi", 0)
    assert (info["attachment_id"], info["access_mode"]) == (made.id, "rw")
    assert "data" not in info
    assert now(place, volume) == ("attaching", "attaching")
    kept = volume_attachments.get(place.context, made.id)
    assert (kept.attach_status, kept.attached_host) == ("attaching", "compute1")
    assert (kept.mountpoint, kept.attach_mode) == ("/dev/vdb", "rw")

    place.attachments.complete(place.context, kept)
    assert now(place, volume) == ("in-use", "attached")
    assert place.driver.let_in == {volume.id: {"compute1"}}

    remaining = place.attachments.delete(
        place.context, volume_attachments.get(place.context, made.id)
    )
    assert remaining == []
    assert now(place, volume) == ("available", "detached")
    assert (place.driver.let_in[volume.id], place.driver.exported) == (set(), set())
    with pytest.raises(exception.VolumeAttachmentNotFound):
        volume_attachments.get(place.context, made.id)


def test_with_a_connector_at_once(place: Place) -> None:
    volume = place.volume()
    made = place.attachments.create(place.context, volume, SERVER, connector("compute1"))
    assert made.attach_status == "reserved"
    kept = volume_attachments.get(place.context, made.id)
    assert (kept.attach_status, kept.attach_mode) == ("attaching", "null")
    assert (made.connection_info or {})["driver_volume_type"] == "iscsi"


@pytest.mark.parametrize("status", ["in-use", "creating", "deleting", "reserved", "maintenance"])
def test_a_volume_that_is_busy_is_refused(place: Place, status: str) -> None:
    volume = place.volume(status=status)
    with pytest.raises(exception.InvalidVolume, match=f"but is {status}"):
        place.attachments.create(place.context, volume, SERVER)
    assert volume_attachments.of_volume(volume.id) == []


@pytest.mark.parametrize("status", ["error", "error_extending"])
def test_a_volume_in_error(place: Place, status: str) -> None:
    volume = place.volume(status=status)
    with pytest.raises(exception.InvalidVolume, match=status):
        place.attachments.create(place.context, volume, SERVER)


def test_once_more_for_the_same_server_only(place: Place) -> None:
    volume = place.volume()
    first = place.attached(volume)
    second = place.attachments.create(
        place.context, volumes.get(place.context, volume.id), SERVER, connector("compute2")
    )
    place.attachments.complete(place.context, second)
    assert place.driver.let_in[volume.id] == {"compute1", "compute2"}
    with pytest.raises(exception.InvalidVolume):
        place.attachments.create(place.context, volume, OTHER_SERVER)
    [remaining] = place.attachments.delete(
        place.context, volume_attachments.get(place.context, first)
    )
    assert (remaining.id, now(place, volume)) == (second.id, ("in-use", "attached"))
    assert place.driver.let_in[volume.id] == {"compute2"}
    assert place.driver.exported == {volume.id}


def test_a_multiattach_volume_has_several(place: Place) -> None:
    volume = place.volume(multiattach=True)
    first = place.attached(volume)
    volume = volumes.get(place.context, volume.id)
    second = place.attached(volume, OTHER_SERVER, "compute2")
    assert len(volume_attachments.of_volume(volume.id)) == 2
    for each, after in ((first, "in-use"), (second, "available")):
        place.attachments.delete(place.context, volume_attachments.get(place.context, each))
        assert now(place, volume)[0] == after


def test_a_second_connection_of_a_volume_that_has_one(place: Place) -> None:
    volume = place.volume()
    place.attached(volume)
    second = place.attachments.create(place.context, volume, SERVER)
    with pytest.raises(exception.ResourceConflict, match="duplicate connectors") as refused:
        place.attachments.update(place.context, second, connector("compute2"))
    assert refused.value.code == 409


def test_only_a_service_ends_what_a_request_does_not_name(place: Place) -> None:
    volume = place.volume(multiattach=True)
    first = place.attached(volume)
    place.attached(volumes.get(place.context, volume.id), OTHER_SERVER, "compute2")
    volume, user, actions = volumes.get(place.context, volume.id), place.context, place.actions
    for end in (
        lambda: actions.detach(user, volume),
        lambda: actions.detach(user, volume, NO_ATTACHMENT),
        lambda: actions.terminate_connection(user, volume, connector("compute1")),
        lambda: actions.force_detach(user, volume, connector("compute1"), None),
        lambda: actions.force_detach(user, volume, None, NO_ATTACHMENT),
    ):
        with pytest.raises(exception.ConflictNovaUsingAttachment, match=volume.id):
            end()
    assert place.driver.let_in[volume.id] == {"compute1", "compute2"}

    nova = RequestContext(is_admin=True, service_roles=["service"], overwrite=False)
    actions.detach(nova, volume, NO_ATTACHMENT)
    actions.terminate_connection(nova, volume, connector("compute1"))
    assert len(volume_attachments.of_volume(volume.id)) == 2

    actions.force_detach(user, volume, connector("compute1"), first)
    actions.detach(user, volume)
    assert volume_attachments.of_volume(volume.id) == []
    volume = volumes.get(place.context, volume.id)
    actions.detach(user, volume)
    with pytest.raises(exception.ConflictNovaUsingAttachment):
        actions.detach(user, volume, first)


def test_only_nova_puts_another_node_in_the_place_of_its_own(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Updating an attachment lets the node out that it had, which is an end of it, too."""
    volume = place.volume()
    attachment_id = place.attached(volume)
    found = volume_attachments.get(place.context, attachment_id)
    monkeypatch.setattr(guard.nova, "configured", lambda: True)
    monkeypatch.setattr(guard.nova.API, "attachment_of", lambda *_words: attachment_id)
    with pytest.raises(exception.ConflictNovaUsingAttachment):
        place.attachments.update(place.context, found, connector("evil"))
    assert place.driver.let_in == {volume.id: {"compute1"}}
    assert now(place, volume) == ("in-use", "attached")
    place.attachments.update(place.context, found, connector("compute1"))
    nova = RequestContext(is_admin=True, service_roles=["service"], overwrite=False)
    place.attachments.update(nova, found, connector("compute2"))
    assert place.driver.let_in == {volume.id: {"compute2"}}


@pytest.mark.parametrize("mark", ["starting", "migrating", "completing"])
def test_a_volume_that_moves_is_refused(place: Place, mark: str) -> None:
    volume = place.volume()
    rows.migration(volume, volume_values={"migration_status": mark})
    with pytest.raises(exception.InvalidVolume, match=f"migration_status is {mark}"):
        place.attachments.create(place.context, volume, SERVER)
    with pytest.raises(exception.InvalidVolume, match="moving"):
        place.actions.reserve(place.context, volume)
    with pytest.raises(exception.InvalidVolume, match="moving"):
        place.actions.attach(
            place.context, volume, instance_uuid=SERVER, host_name=None, mountpoint="/", mode="rw"
        )
    with pytest.raises(exception.InvalidVolume, match="moving"):
        place.actions.initialize_connection(place.context, volume, connector("compute1"))
    assert now(place, volume) == ("available", "detached")


@pytest.mark.parametrize(("phase", "allowed"), [("copying", False), ("nova", True)])
def test_the_target_of_a_move(place: Place, phase: str, allowed: bool) -> None:
    volume = place.volume()
    target = place.volume(migration_status=f"target:{volume.id}", use_quota=False)
    rows.migration(volume, phase=phase, new_volume_id=target.id)
    if allowed:
        place.attached(target)
        assert now(place, target) == ("in-use", "attached")
    else:
        with pytest.raises(exception.InvalidVolume, match="target of a move"):
            place.attachments.create(place.context, target, SERVER)


def test_while_nova_swaps_the_volume_keeps_its_status(place: Place) -> None:
    volume = place.volume()
    attachment = place.attached(volume)
    rows.migration(volume, phase="nova", volume_values={"migration_status": "migrating"})
    volume = volumes.get(place.context, volume.id)
    place.actions.begin_detaching(place.context, volume)
    assert now(place, volume)[0] == "in-use"
    place.attachments.delete(place.context, volume_attachments.get(place.context, attachment))
    assert now(place, volume) == ("in-use", "detached")


def test_a_backend_that_can_not(place: Place) -> None:
    volume = place.volume()
    place.driver.error = failure()
    with pytest.raises(attachment_api.AttachmentFailed, match="on fire") as failed:
        place.attachments.create(place.context, volume, SERVER, connector("compute1"))
    assert (failed.value.code, failed.value.safe) == (500, True)
    assert now(place, volume) == ("available", "detached")
    assert volume_attachments.of_volume(volume.id) == []

    made = place.attachments.create(place.context, volume, SERVER)
    with pytest.raises(attachment_api.AttachmentFailed, match="on fire"):
        place.attachments.update(place.context, made, connector("compute1"))
    kept = volume_attachments.get(place.context, made.id)
    assert (kept.attach_status, kept.connector) == ("reserved", None)
    place.attachments.delete(place.context, kept)
    assert now(place, volume) == ("available", "detached")


def test_an_attachment_that_ends_while_its_node_is_let_in(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume = place.volume()
    made = place.attachments.create(place.context, volume, SERVER)
    let_in = place.driver.initialize_connection

    def meanwhile(*args: object) -> object:
        volume_attachments.remove(made.id, volume.id)
        return let_in(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(place.driver, "initialize_connection", meanwhile)
    with pytest.raises(exception.InvalidVolume, match="has ended meanwhile"):
        place.attachments.update(place.context, made, connector("compute1"))
    assert place.driver.let_in[volume.id] == set()
    assert now(place, volume) == ("available", "detached")


@pytest.mark.parametrize(("noted", "asked", "given"), [("True", None, "ro"), ("False", "ro", "ro")])
def test_read_only(place: Place, noted: str, asked: str | None, given: str) -> None:
    volume = place.volume()
    volume_admin_metadata.update(volume.id, {"readonly": noted})
    made = place.attachments.create(place.context, volume, SERVER, mode=asked)
    updated = place.attachments.update(place.context, made, connector("compute1"))
    assert made.attach_mode == given
    assert (updated.connection_info or {})["access_mode"] == given
    assert place.driver.modes == [given]


def test_an_attachment_that_has_ended_is_not_completed(place: Place) -> None:
    volume = place.volume()
    made = place.attachments.create(place.context, volume, SERVER)
    place.attachments.delete(place.context, made)
    with pytest.raises(exception.InvalidVolume, match="has ended"):
        place.attachments.complete(place.context, made)
    assert now(place, volume) == ("available", "detached")


def test_ending_an_attachment_twice(place: Place) -> None:
    volume = place.volume()
    made = place.attachments.create(place.context, volume, SERVER)
    place.attachments.delete(place.context, made)
    volumes.update(volume.id, {"status": states.DELETING})
    assert place.attachments.delete(place.context, made) == []
    assert now(place, volume)[0] == states.DELETING


def test_secrets_are_sealed(place: Place, option: SetOption) -> None:
    from cryptography.fernet import Fernet

    key, newer = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    option("secrets_keys", [key])
    volume = place.volume()
    attachment = place.attached(volume)
    stored = _stored(attachment)
    assert stored.startswith("sealed:")
    assert "hush" not in stored
    option("secrets_keys", [newer, key])
    found = volume_attachments.get(place.context, attachment)
    assert (found.connection_info or {})["auth_password"] == "hush"
    option("secrets_keys", [newer])
    with pytest.raises(exception.InvalidConfigurationValue, match="former keys"):
        volume_attachments.get(place.context, attachment)


def test_what_holds_no_secret_stays_readable(place: Place, option: SetOption) -> None:
    from cryptography.fernet import Fernet

    option("secrets_keys", [Fernet.generate_key().decode()])
    volume = place.volume()
    made = place.attachments.create(place.context, volume, SERVER)
    assert _stored(made.id) == "{}"


def _stored(attachment_id: str) -> str:
    import sqlalchemy as sa

    from cinder_lite.db import engine

    query = sa.text("SELECT connection_info FROM volume_attachment WHERE id = :id")
    with engine.statement() as connection:
        return str(connection.execute(query, {"id": attachment_id}).scalar_one())


def test_a_move_can_not_begin_under_an_attachment_that_is_being_made(place: Place) -> None:
    from cinder_lite.volume.migration import admission, servers

    volume = place.volume()
    place.attached(volume)
    place.attachments.create(place.context, volume, SERVER)
    rules = admission.rules("two@file#file", servers.Found(servers.Use.FREE, [], ()))
    record = {"source_host": volume.host, "dest_host": "two@file#file"}
    state = {"status": "running", "phase": "scheduling"}
    assert volume_migrations.begin(volume.id, rules, {}, {**record, **state}) is None
    assert any("being made" in reason for reason in volumes.refusals(volume.id, rules))


def test_two_attachments_of_one_node_that_end_at_once(place: Place) -> None:
    volume = place.volume(multiattach=True)
    first = place.attached(volume, SERVER)
    second = place.attached(volume, OTHER_SERVER)
    for attachment_id in (first, second):
        # What the volume service does for both, before either is gone from the database.
        place.attachment_delete(place.context, volume, attachment_id)
    assert place.driver.let_in[volume.id] == set()
    assert place.driver.exported == set()
    for attachment_id in (first, second):
        place.attachments.delete(
            place.context, volume_attachments.get(place.context, attachment_id)
        )
    assert now(place, volume) == ("available", "detached")


def test_a_node_that_is_let_in_while_its_attachment_ends(place: Place) -> None:
    volume = place.volume()
    promised = place.attachments.create(place.context, volume, SERVER)
    place.attachments.update(place.context, promised, connector("compute1"))
    # Read before the update, as a request that came at the same time has done.
    assert place.attachments.delete(place.context, promised) == []
    assert place.driver.let_in[volume.id] == set()
    assert place.driver.exported == set()
    assert now(place, volume) == ("available", "detached")


def test_an_attachment_that_is_updated_all_the_time_is_not_ended(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume = place.volume()
    kept = volume_attachments.get(place.context, place.attached(volume))
    monkeypatch.setattr(volume_attachments, "remove_as_seen", lambda _attachment: None)
    with pytest.raises(exception.InvalidVolume, match="updated all the time"):
        place.attachments.delete(place.context, kept)
    assert [one.id for one in volume_attachments.of_volume(volume.id)] == [kept.id]


@pytest.mark.parametrize("backend_answers", [True, False])
def test_a_node_that_was_let_in_unheard_is_let_out(
    place: Place, monkeypatch: pytest.MonkeyPatch, backend_answers: bool
) -> None:
    """The answer is lost: the node goes with its promise, or the promise stays for later."""
    volume = place.volume()
    let_in = place.attachment_update

    def lost(*arguments: Any) -> dict[str, Any]:
        let_in(*arguments)
        if not backend_answers:
            place.driver.error = failure()
        raise exception.ServiceUnavailable("The volume service does not answer.")

    monkeypatch.setattr(place, "attachment_update", lost)
    with pytest.raises(attachment_api.AttachmentFailed, match="does not answer"):
        place.attachments.create(place.context, volume, SERVER, connector("compute1"))
    left = volume_attachments.of_volume(volume.id)
    if backend_answers:
        assert (left, place.driver.let_in) == ([], {volume.id: set()})
        assert now(place, volume) == ("available", "detached")
        return
    assert place.driver.let_in == {volume.id: {"compute1"}}
    place.driver.error = None
    place.attachments.delete(place.context, left[0])
    assert place.driver.let_in == {volume.id: set()}
    assert now(place, volume) == ("available", "detached")
