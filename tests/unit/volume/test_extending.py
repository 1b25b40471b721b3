# SPDX-License-Identifier: Apache-2.0
"""A volume grows on its backend, and its quota and status with it."""

from __future__ import annotations

import datetime
import sys
import types
from typing import Any

import pytest
import sqlalchemy as sa

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import engine, growth, models, quotas, volumes
from cinder_lite.objects import Volume, utcnow
from cinder_lite.volume import extending
from cinder_lite.volume.backend import Backend
from tests.unit import rows
from tests.unit.volume import filebackend as files


@pytest.fixture
def growing(backend: Backend) -> Volume:
    """A volume of 1 GiB that is to have 3."""
    made = rows.volume()
    backend.driver.create_volume(made)
    assert growth.begin(made.id, 3, ()) == []
    return made


def state(admin: RequestContext, volume: Volume) -> tuple[str | None, int]:
    now = volumes.get(admin, volume.id)
    return now.status, now.size


def usage() -> tuple[int, int]:
    table = models.quota_usages.c
    query = sa.select(table.in_use, table.reserved).where(table.resource == "gigabytes")
    with engine.statement() as connection:
        row = connection.execute(query).one()
    return row.in_use, row.reserved


def test_it_grows(backend: Backend, admin: RequestContext, growing: Volume) -> None:
    assert state(admin, growing) == (states.EXTENDING, 1)
    assert usage() == (1, 2)
    extending.extend(backend, admin, growing.id)
    assert state(admin, growing) == (states.AVAILABLE, 3)
    assert usage() == (3, 0)
    assert files.path(backend, growing).stat().st_size == 3 * files.GIB
    extending.extend(backend, admin, growing.id)
    assert state(admin, growing) == (states.AVAILABLE, 3), "the second message"


def test_one_that_fails_says_so_and_gives_its_quota_back(
    backend: Backend, admin: RequestContext, growing: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise exception.VolumeBackendAPIException(data="the disk is full.")

    monkeypatch.setattr(backend.driver, "extend_volume", full)
    extending.extend(backend, admin, growing.id)
    assert state(admin, growing) == (states.ERROR_EXTENDING, 1)
    assert usage() == (1, 0)
    assert growth.growing_to(growing.id) is None


def test_without_a_driver_it_fails(
    backend: Backend, admin: RequestContext, growing: Volume
) -> None:
    backend.driver._initialized = False
    extending.extend(backend, admin, growing.id)
    assert state(admin, growing) == (states.ERROR_EXTENDING, 1)


def test_a_volume_in_use_is_in_use_again_and_nova_is_told(
    backend: Backend, admin: RequestContext, growing: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    volumes.update(growing.id, {"attach_status": states.ATTACHED})
    row = {
        "id": rows.new_id(),
        "volume_id": growing.id,
        "instance_uuid": "server-1",
        "attach_status": states.ATTACHED,
        "deleted": False,
    }
    with engine.transaction() as connection:
        connection.execute(sa.insert(models.volume_attachment), row)
    told: list[Any] = []

    class API:
        def extend_volume(self, _context: Any, *args: Any) -> bool:
            """Take note."""
            told.append(args)
            return True

    nova = types.SimpleNamespace(API=API)
    monkeypatch.setitem(sys.modules, "cinder_lite.compute", types.SimpleNamespace(nova=nova))
    extending.extend(backend, admin, growing.id)
    assert state(admin, growing) == (states.IN_USE, 3)
    assert told == [(["server-1"], growing.id)]


def test_one_whose_status_was_reset_is_left(
    backend: Backend, admin: RequestContext, growing: Volume
) -> None:
    volumes.update(growing.id, {"status": states.AVAILABLE})
    extending.extend(backend, admin, growing.id)
    assert state(admin, growing) == (states.AVAILABLE, 1)
    assert usage() == (1, 2), "until it grows anew"
    assert growth.begin(growing.id, 2, ()) == []
    assert usage() == (1, 1)


def test_a_volume_that_is_deleted_meanwhile_gives_all_back(growing: Volume) -> None:
    volumes.destroy(growing.id)
    assert usage() == (0, 0)


def test_lost_work_is_done(backend: Backend, admin: RequestContext, growing: Volume) -> None:
    claims = files.Claims()
    extending.settle_lost(backend, claims)
    assert claims.asked == [], "the message may be on its way"
    volumes.update(growing.id, {"updated_at": utcnow() - datetime.timedelta(hours=1)})
    extending.settle_lost(backend, files.Claims(growing.id))
    assert state(admin, growing) == (states.EXTENDING, 1), "another thread has it"
    extending.settle_lost(backend, files.Claims())
    assert state(admin, growing) == (states.AVAILABLE, 3)


def test_growing_needs_more_than_there_is(growing: Volume) -> None:
    volumes.update(growing.id, {"status": states.AVAILABLE})
    with pytest.raises(exception.InvalidInput, match="current: 1, extended: 1"):
        growth.begin(growing.id, 1, ())
    assert usage() == (1, 2)
    assert quotas.GROWING == "extend_new_size"
