# SPDX-License-Identifier: Apache-2.0
"""Services: registration, heartbeat, and who counts as up."""

from __future__ import annotations

import datetime

import pytest
import sqlalchemy as sa

from cinder_lite import exception
from cinder_lite.db import engine, models, services
from cinder_lite.objects import Service, utcnow
from tests.unit import rows
from tests.unit.conftest import SetOption

pytestmark = pytest.mark.usefixtures("database")


def _again(service: Service) -> Service:
    return services.get(host=service.host, binary=service.binary)


def _last_heard(service: Service, seconds_ago: float) -> None:
    then = utcnow() - datetime.timedelta(seconds=seconds_ago)
    with engine.transaction() as connection:
        connection.execute(
            sa.update(models.services)
            .where(models.services.c.id == service.id)
            .values(updated_at=then)
        )


def test_registering_again_keeps_the_row_and_what_the_operator_set() -> None:
    first = rows.service(zone="a")
    services.update(first.id, {"disabled": True, "disabled_reason": "disk"})
    second = rows.service(zone="b")
    assert (second.id, second.uuid) == (first.id, first.uuid)
    assert (second.availability_zone, second.disabled, second.disabled_reason) == (
        "b",
        True,
        "disk",
    )
    assert second.is_up


def test_same_host_and_another_binary_is_another_service() -> None:
    assert rows.service("n", services.SCHEDULER).id != rows.service("n", services.VOLUME).id


def test_a_removed_service_registers_as_a_new_one() -> None:
    first = rows.service()
    services.destroy(first.id)
    assert not services.heartbeat(first.id)
    with pytest.raises(exception.ServiceNotFound, match="one@file"):
        _again(first)
    assert rows.service().id != first.id


def test_up_until_the_heartbeat_is_too_old(option: SetOption) -> None:
    option("service_down_time", 60)
    service = rows.service()
    _last_heard(service, 55)
    assert _again(service).is_up
    _last_heard(service, 65)
    assert not _again(service).is_up
    assert services.heartbeat(service.id)
    assert _again(service).is_up
    assert _again(service).report_count == 1


def test_a_service_that_ended_in_order_is_down_at_once() -> None:
    """Also one that was made a moment ago."""
    service = rows.service()
    services.age_heartbeat(service.id)
    assert not _again(service).is_up


def test_disabling_is_no_heartbeat() -> None:
    service = rows.service()
    _last_heard(service, 65)
    services.update(service.id, {"disabled": True})
    after = _again(service)
    assert not after.is_up
    assert after.modified_at is not None


def test_listing_filters_by_node_service_binary_and_state() -> None:
    a, b = rows.service("n_1@a"), rows.service("n_1@b")
    scheduler, other = rows.service("n_1", services.SCHEDULER), rows.service("nx1@a")
    services.update(b.id, {"disabled": True})

    def ids(**filters: object) -> set[int]:
        return {service.id for service in services.listing(**filters)}  # type: ignore[arg-type]

    assert ids() == {a.id, b.id, scheduler.id, other.id}
    assert ids(host="n_1") == {a.id, b.id, scheduler.id}
    assert ids(host="n_1@a") == {a.id}
    assert ids(binary=services.VOLUME, disabled=False) == {a.id, other.id}
    assert ids(host="n_1", disabled=True) == {b.id}
