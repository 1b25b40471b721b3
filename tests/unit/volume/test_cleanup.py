# SPDX-License-Identifier: Apache-2.0
"""The clean-up that an administrator asks for settles what is left, without waiting."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import volumes
from cinder_lite.volume import capabilities, lifecycle
from cinder_lite.volume.backend import Backend
from tests.unit import rows

pytestmark = pytest.mark.usefixtures("sqlite_database")


class _Driver:
    """Notes what is deleted."""

    initialized = True

    def __init__(self) -> None:
        self.deleted: list[str] = []

    def delete_volume(self, volume: Any) -> None:
        self.deleted.append(volume.id)

    def remove_export(self, context: Any, volume: Any) -> None:
        pass

    def get_volume_stats(self, refresh: bool = False) -> dict[str, Any]:
        assert not refresh
        return {"vendor_name": "v", "storage_protocol": "file", "free_capacity_gb": 5}


@pytest.fixture
def backend(admin: RequestContext) -> Backend:
    """Return a backend whose driver does nothing."""
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


@contextlib.contextmanager
def _free(_volume_id: str) -> Iterator[bool]:
    yield True


@contextlib.contextmanager
def _busy(_volume_id: str) -> Iterator[bool]:
    yield False


def test_a_young_deletion_is_done_when_it_is_asked_for(
    backend: Backend, admin: RequestContext
) -> None:
    volume = rows.volume(status=states.DELETING)
    lifecycle.settle_lost(backend, _free)
    assert volumes.get(admin, volume.id).status == states.DELETING
    lifecycle.settle_lost(backend, _free, at_once=True)
    with pytest.raises(exception.VolumeNotFound):
        volumes.get(admin, volume.id)


def test_what_a_thread_works_on_is_left_to_it(backend: Backend, admin: RequestContext) -> None:
    volume = rows.volume(status=states.DELETING)
    lifecycle.settle_lost(backend, _busy, at_once=True)
    assert volumes.get(admin, volume.id).status == states.DELETING


def test_capabilities_are_what_the_driver_reports(backend: Backend) -> None:
    found = capabilities.describe(backend)
    assert (found["vendor_name"], found["storage_protocol"]) == ("v", "file")
    assert found["pool_name"] is None
    assert sorted(found["properties"]) == [
        "compression",
        "qos",
        "replication_enabled",
        "thin_provisioning",
    ]
    assert "free_capacity_gb" not in found
