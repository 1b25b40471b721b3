# SPDX-License-Identifier: Apache-2.0
"""Every failure that nobody waits for leaves a message for those who asked."""

from __future__ import annotations

from typing import Any

import pytest

from cinder_lite import exception, message, states
from cinder_lite.context import RequestContext
from cinder_lite.db import creations, messages, volumes
from cinder_lite.objects import Volume
from cinder_lite.scheduler import failures
from cinder_lite.volume import lifecycle
from cinder_lite.volume.backend import Backend
from cinder_lite.volume.create import ending
from cinder_lite.volume.migration import undo
from cinder_lite.volume.migration.records import Move, MoveLost
from tests.unit import rows

pytestmark = pytest.mark.usefixtures("sqlite_database")


class _Driver:
    """Fails at whatever it is asked for."""

    initialized = True

    def __getattr__(self, name: str) -> Any:
        def fail(*_args: Any, **_kwargs: Any) -> None:
            raise exception.VolumeBackendAPIException(data=f"{name}: host-7 is on fire")

        return fail


@pytest.fixture
def backend(admin: RequestContext) -> Backend:
    """Return a backend whose driver fails."""
    given: Any = {
        "service_host": "one@file",
        "driver": _Driver(),
        "configuration": None,
        "throttle": None,
        "volume_rpcapi": None,
        "scheduler_rpcapi": None,
        "context": admin,
    }
    return Backend(**given)


@pytest.fixture(autouse=True)
def _messages_come_first(monkeypatch: pytest.MonkeyPatch, admin: RequestContext) -> None:
    """Refuse a message whose failure the volume's status tells of already.

    A client that waits for the status asks for the messages as soon as it sees it.
    """
    create = messages.create

    def check(values: Any) -> str:
        volume = volumes.get(admin, values["resource_uuid"])
        assert volume.status not in (states.ERROR, states.ERROR_DELETING)
        assert volume.migration_status != states.MIGRATION_ERROR
        return create(values)

    monkeypatch.setattr(messages, "create", check)


def _caller() -> RequestContext:
    return RequestContext(
        project_id=rows.PROJECT, request_id="req-7", is_admin=True, roles=["admin"], overwrite=False
    )


def _told(volume: Volume) -> list[str]:
    """Return the event ids of a volume's messages, all of which are for its project."""
    reader = RequestContext(project_id=rows.PROJECT, overwrite=False)
    found = messages.listing(reader, {"resource_uuid": volume.id})
    return [one.event_id for one in found]


@pytest.mark.parametrize(
    ("why", "event"),
    [
        (exception.NoValidHost(reason="full"), "VOLUME_VOLUME_001_003"),
        (RuntimeError("bug"), "VOLUME_VOLUME_001_001"),
        ("No scheduler chose a backend.", "VOLUME_VOLUME_001_001"),
    ],
)
def test_no_place_for_a_new_volume(why: Any, event: str) -> None:
    volume = rows.volume(status=states.CREATING, host=None)
    failures.fail_volume(_caller(), {"volume_id": volume.id}, why)
    assert _told(volume) == [event]


def test_work_that_nobody_asked_for_any_more_is_told_to_the_volume_s_project(
    admin: RequestContext,
) -> None:
    volume = rows.volume(status=states.CREATING, host=None)
    failures.fail_volume(admin, {"volume_id": volume.id}, "lost")
    assert _told(volume) == ["VOLUME_VOLUME_001_001"]


def test_a_volume_that_is_not_given_up_has_no_message() -> None:
    volume = rows.volume(status=states.AVAILABLE)
    failures.fail_volume(_caller(), {"volume_id": volume.id}, "lost")
    assert _told(volume) == []


@pytest.mark.parametrize(
    ("why", "event"),
    [
        (exception.NoValidHost(reason="full"), "VOLUME_VOLUME_100_100"),
        (RuntimeError("bug"), "VOLUME_VOLUME_100_101"),
    ],
)
def test_no_destination_for_a_move(why: Exception, event: str) -> None:
    volume = rows.volume()
    move = rows.migration(volume, phase=states.PHASE_SCHEDULING)
    failures.fail_migration(_caller(), {"volume_id": volume.id, "migration_id": move.id}, why)
    assert _told(volume) == [event]


@pytest.mark.parametrize(
    ("cause", "event"),
    [
        (exception.VolumeBackendAPIException(data="x"), "VOLUME_VOLUME_008_012"),
        (exception.DriverNotInitialized(driver="d"), "VOLUME_VOLUME_008_002"),
    ],
)
def test_a_backend_that_can_not_create(backend: Backend, cause: Exception, event: str) -> None:
    volume = rows.volume(status=states.CREATING)
    ending.give_up(backend, _caller(), volume, cause)
    assert _told(volume) == [event]


def test_a_move_s_temporary_volume_has_no_message(backend: Backend) -> None:
    volume = rows.volume(status=states.CREATING, migration_status="target:x")
    ending.give_up(backend, _caller(), volume, RuntimeError("x"))
    assert volumes.get(_caller(), volume.id).status == states.ERROR
    assert _told(volume) == []


def test_a_backend_that_can_not_delete(backend: Backend) -> None:
    volume = rows.volume(status=states.DELETING)
    lifecycle.delete(backend, _caller(), volume.id)
    assert volumes.get(_caller(), volume.id).status == states.ERROR_DELETING
    assert _told(volume) == ["VOLUME_VOLUME_101_102"]


def test_a_move_that_fails(backend: Backend) -> None:
    volume = rows.volume()
    record = rows.migration(volume, owner="me", phase=states.PHASE_COPYING)
    undo.fail(backend, Move(record, volume, _caller(), "me"), "host-7 is on fire")
    assert volumes.get(_caller(), volume.id).migration_status == states.MIGRATION_ERROR
    assert _told(volume) == ["VOLUME_VOLUME_100_101"]


def test_a_move_that_goes_on_has_no_message() -> None:
    volume = rows.volume()
    move = rows.migration(volume, phase=states.PHASE_COPYING)
    spec = {"volume_id": volume.id, "migration_id": move.id}
    assert not failures.fail_migration(_caller(), spec, "lost")
    assert _told(volume) == []


def test_a_volume_that_another_service_has_taken_has_no_message(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume = rows.volume(status=states.CREATING)
    monkeypatch.setattr(creations, "fail", lambda *_: False)
    ending.give_up(backend, _caller(), volume, RuntimeError("x"))
    assert _told(volume) == []


def test_a_move_that_another_service_has_taken_has_no_message(backend: Backend) -> None:
    volume = rows.volume()
    record = rows.migration(volume, owner="another", phase=states.PHASE_COPYING)
    with pytest.raises(MoveLost):
        undo.fail(backend, Move(record, volume, _caller(), "me"), "host-7 is on fire")
    assert _told(volume) == []


def test_a_message_that_can_not_be_taken_back_harms_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_: str) -> None:
        raise RuntimeError("no database")

    monkeypatch.setattr(messages, "destroy", fail)
    message.withdraw("some-id")
    message.withdraw(None)
