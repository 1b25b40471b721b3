# SPDX-License-Identifier: Apache-2.0
"""Placing groups: a backend for all of a group's types, or an error that says why not."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
import sqlalchemy as sa

from cinder_lite import states
from cinder_lite.context import RequestContext
from cinder_lite.db import engine, groups, models
from cinder_lite.objects import Group, utcnow
from cinder_lite.scheduler import groups as room
from cinder_lite.scheduler.manager import SchedulerManager
from tests.unit import rows
from tests.unit.scheduler.conftest import flat, new_service, report


@pytest.fixture
def group(manager: SchedulerManager) -> Group:
    """Return a group without a place; there are two backends, red and blue."""
    hosts = manager.driver.host_manager
    for host in ("h1@b", "h2@b"):
        new_service(host)
    report(hosts, "h1@b", flat(free_capacity_gb=90, colour="red"))
    report(hosts, "h2@b", flat(free_capacity_gb=50, colour="blue"))
    return rows.group(rows.group_type(), status=states.CREATING, host=None)


def _spec(group: Group, **extra_specs: str) -> dict[str, Any]:
    return {
        "volume_id": group.id,
        "volume_properties": {"size": 0, "availability_zone": "nova"},
        "volume_type": {"id": "t", "name": "t", "extra_specs": extra_specs},
    }


def _place(manager: SchedulerManager, context: RequestContext, group: Group, *specs: Any) -> Group:
    manager.create_group(context, group.id, list(specs))
    return groups.get(context, group.id)


def test_the_best_backend_is_chosen(
    manager: SchedulerManager, context: RequestContext, group: Group
) -> None:
    placed = _place(manager, context, group, _spec(group))
    assert (placed.status, placed.host) == (states.AVAILABLE, "h1@b#pool")


def test_the_backend_takes_every_type(
    manager: SchedulerManager, context: RequestContext, group: Group
) -> None:
    placed = _place(manager, context, group, _spec(group), _spec(group, colour="blue"))
    assert (placed.status, placed.host) == (states.AVAILABLE, "h2@b#pool")


def test_without_a_backend_for_all_types(
    manager: SchedulerManager,
    context: RequestContext,
    group: Group,
    caplog: pytest.LogCaptureFixture,
) -> None:
    specs = (_spec(group, colour="red"), _spec(group, colour="blue"))
    placed = _place(manager, context, group, *specs)
    assert (placed.status, placed.host) == (states.ERROR, None)
    assert "No backend takes volumes of every type of the group." in caplog.text


def test_what_nobody_expected(
    manager: SchedulerManager,
    context: RequestContext,
    group: Group,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: Any) -> str:
        raise ValueError("surprise")

    monkeypatch.setattr(manager.driver, "find_group_host", broken)
    assert _place(manager, context, group, _spec(group)).status == states.ERROR


def test_a_group_that_was_deleted_meanwhile(
    manager: SchedulerManager, context: RequestContext, group: Group
) -> None:
    groups.destroy(group.id)
    manager.create_group(context, group.id, [_spec(group)])
    assert groups.listing(None, {}, groups.pages.Window()) == []


def test_groups_whose_message_was_lost_fail(
    manager: SchedulerManager, context: RequestContext, group: Group
) -> None:
    room.fail_lost(context)
    assert groups.get(context, group.id).status == states.CREATING
    table = models.groups
    with engine.transaction() as connection:
        old = utcnow() - datetime.timedelta(hours=1)
        connection.execute(sa.update(table).values(created_at=old))
    for periodic in manager.periodics():
        periodic.run()
    assert groups.get(context, group.id).status == states.ERROR
