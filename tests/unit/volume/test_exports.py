# SPDX-License-Identifier: Apache-2.0
"""Who may use a volume: what the driver is told, and what the caller learns."""

from __future__ import annotations

import json
import threading
import types
from typing import Any

import pytest
import sqlalchemy as sa

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import (
    engine,
    models,
    qos_specs,
    volume_admin_metadata,
    volume_types,
    volumes,
)
from cinder_lite.objects import Volume
from cinder_lite.volume import exports, lifecycle
from cinder_lite.volume.uses import Uses
from tests.unit import rows

COMPUTE = {"host": "compute1", "initiator": "iqn.1993-08.org.debian:01:ABC"}
SAME_NODE = {"host": "compute1.example.org", "initiator": "iqn.1993-08.org.debian:01:abc"}
OTHER = {"host": "compute2", "initiator": "iqn.1993-08.org.debian:01:def"}


class Driver:
    """Notes what it is asked for."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.error: Exception | None = None
        self.data: dict[str, Any] = {"target_lun": 0}

    def create_export(self, context: Any, volume: Volume, connector: Any) -> dict[str, Any]:
        """Make up a secret."""
        self.calls.append(("create_export", connector["mode"]))
        return {"provider_auth": "CHAP a b"}

    def initialize_connection(self, volume: Volume, connector: Any) -> dict[str, Any]:
        """Answer, or fail."""
        self.calls.append(("initialize_connection", volume.provider_auth, connector["mode"]))
        if self.error:
            raise self.error
        return {"driver_volume_type": "iscsi", "data": dict(self.data)}

    def terminate_connection(self, volume: Volume, connector: Any, force: bool = False) -> None:
        """Take note."""
        self.calls.append(("terminate_connection", connector and connector["host"], force))

    def remove_export(self, context: Any, volume: Volume) -> None:
        """Take note."""
        self.calls.append(("remove_export",))


@pytest.fixture
def driver(sqlite_database: str) -> Driver:
    """The backend's driver."""
    return Driver()


@pytest.fixture
def backend(driver: Driver) -> Any:
    """A backend that reports discards."""
    configuration = types.SimpleNamespace(report_discard_supported=True)
    return types.SimpleNamespace(
        driver=driver, configuration=configuration, service_host="one@file", uses=Uses()
    )


def attach(volume: Volume, connector: dict[str, Any] | None, **values: Any) -> str:
    """Insert an attachment and return its id."""
    row = {
        "id": rows.new_id(),
        "volume_id": volume.id,
        "attach_status": "attached",
        "connector": connector and json.dumps(connector),
        "deleted": False,
        **values,
    }
    with engine.transaction() as connection:
        connection.execute(sa.insert(models.volume_attachment), row)
    return str(row["id"])


def test_the_answer_has_what_nova_expects(
    backend: Any, driver: Driver, admin: RequestContext
) -> None:
    """The driver's words stay, and every field that Nova and os-brick read is there."""
    volume = rows.volume()
    info = exports.initialize(backend, admin, volume.id, {**COMPUTE, "enforce_multipath": True})
    assert info == {
        "driver_volume_type": "iscsi",
        "data": {
            "target_lun": 0,
            "encrypted": False,
            "qos_specs": None,
            "access_mode": "rw",
            "enforce_multipath": True,
            "discard": True,
        },
    }
    assert volumes.get(admin, volume.id).provider_auth == "CHAP a b"
    assert driver.calls == [
        ("create_export", "rw"),
        ("initialize_connection", "CHAP a b", "rw"),
    ]


def test_the_driver_knows_better(backend: Any, driver: Driver, admin: RequestContext) -> None:
    """What the driver says of discards and encryption is not overwritten."""
    driver.data = {"discard": False, "encrypted": True}
    data = exports.initialize(backend, admin, rows.volume().id, COMPUTE)["data"]
    assert (data["discard"], data["encrypted"]) == (False, True)


def test_an_encrypted_volume_is_named_so(backend: Any, admin: RequestContext) -> None:
    """A volume with a key is encrypted, whatever its driver does not say."""
    volume = rows.volume(encryption_key_id=rows.new_id())
    assert exports.initialize(backend, admin, volume.id, COMPUTE)["data"]["encrypted"] is True


@pytest.mark.parametrize(
    ("specs", "said", "expected"),
    [
        ({"cacheable": "<is> True"}, None, True),
        ({"cacheable": "<is> True"}, False, False),
        ({}, True, False),
        ({}, None, False),
    ],
)
def test_the_type_says_whether_it_may_be_cached(
    backend: Any,
    driver: Driver,
    admin: RequestContext,
    specs: dict[str, str],
    said: bool | None,
    expected: bool,
) -> None:
    """A volume is cached where its type wants it and its driver does not forbid it."""
    kind = volume_types.create({"name": "fast"}, specs)
    volume = rows.volume(volume_type_id=kind.id)
    if said is not None:
        driver.data = {"cacheable": said}
    info = exports.initialize(backend, admin, volume.id, COMPUTE)
    assert info["data"]["cacheable"] is expected


@pytest.mark.parametrize(
    ("consumer", "specs", "expected"),
    [
        ("front-end", {"total_iops_sec": "500"}, {"total_iops_sec": "500"}),
        ("both", {"read_iops_sec_per_gb": "30"}, {"read_iops_sec": 300}),
        (
            "both",
            {"write_bytes_sec_per_gb": "5", "write_bytes_sec_per_gb_min": "70"},
            {"write_bytes_sec": 70},
        ),
        (
            "front-end",
            {"total_bytes_sec_per_gb": "100", "total_bytes_sec_max": "900", "other": "x"},
            {"total_bytes_sec": 900, "other": "x"},
        ),
        ("back-end", {"total_iops_sec": "500"}, None),
    ],
)
def test_limits_of_the_type(
    backend: Any,
    admin: RequestContext,
    consumer: str,
    specs: dict[str, str],
    expected: dict[str, Any] | None,
) -> None:
    """The compute node is told the limits that it shall keep, worked out for the volume's size."""
    limits = qos_specs.create("limits", consumer, specs)
    kind = volume_types.create({"name": "limited"}, {})
    qos_specs.associate(limits.id, kind.id)
    volume = rows.volume(volume_type_id=kind.id, size=10)
    assert exports.initialize(backend, admin, volume.id, COMPUTE)["data"]["qos_specs"] == expected


@pytest.mark.parametrize(
    ("notes", "asked", "expected"),
    [
        ({}, None, "rw"),
        ({}, "ro", "ro"),
        ({"attached_mode": "ro"}, None, "ro"),
        ({"attached_mode": "ro"}, "rw", "rw"),
        ({"readonly": "False"}, None, "rw"),
        ({"readonly": "True", "attached_mode": "rw"}, "rw", "ro"),
    ],
)
def test_access_mode(
    backend: Any,
    driver: Driver,
    admin: RequestContext,
    notes: dict[str, str],
    asked: str | None,
    expected: str,
) -> None:
    """A read-only volume is so for all; otherwise the attachment's mode counts, then the last."""
    volume = rows.volume()
    volume_admin_metadata.update(volume.id, notes)
    connector = {**COMPUTE, "mode": asked} if asked else COMPUTE
    info = exports.initialize(backend, admin, volume.id, connector)
    assert info["data"]["access_mode"] == expected
    assert driver.calls[-1][-1] == expected


def test_an_unknown_mode_is_refused(backend: Any, driver: Driver, admin: RequestContext) -> None:
    """Nothing is exported for a mode that does not exist."""
    with pytest.raises(exception.InvalidInput, match="rw or ro"):
        exports.initialize(backend, admin, rows.volume().id, {**COMPUTE, "mode": "append"})
    assert driver.calls == []


def test_a_failed_connection_is_taken_back(
    backend: Any, driver: Driver, admin: RequestContext
) -> None:
    """Only the node that failed is let out: others may use the volume."""
    driver.error = exception.VolumeBackendAPIException(data="no.")
    with pytest.raises(exception.VolumeBackendAPIException, match="no"):
        exports.initialize(backend, admin, rows.volume().id, COMPUTE)
    assert driver.calls[2:] == [("terminate_connection", "compute1", True)]


def test_a_failed_second_connection_leaves_the_first(
    backend: Any, driver: Driver, admin: RequestContext
) -> None:
    """A node whose other attachment uses the volume is not let out."""
    volume = rows.volume(status=states.IN_USE, multiattach=True)
    attach(volume, SAME_NODE)
    driver.error = exception.VolumeBackendAPIException(data="no.")
    with pytest.raises(exception.VolumeBackendAPIException):
        exports.initialize(backend, admin, volume.id, COMPUTE)
    assert [call[0] for call in driver.calls] == ["create_export", "initialize_connection"]


def test_the_last_attachment_of_a_node_ends_its_use(
    backend: Any, driver: Driver, admin: RequestContext
) -> None:
    """Of two attachments of one node the first to end leaves the node in; other nodes' do not."""
    volume = rows.volume(status=states.IN_USE, multiattach=True)
    first, second = attach(volume, COMPUTE), attach(volume, SAME_NODE)
    attach(volume, OTHER)
    attach(volume, None)
    attach(volume, COMPUTE, deleted=True)
    assert exports.terminate(backend, admin, volume.id, COMPUTE, force=False)
    assert exports.terminate(backend, admin, volume.id, COMPUTE, force=False, attachment_id=first)
    assert driver.calls == []
    assert not exports.terminate(
        backend, admin, volume.id, COMPUTE, force=False, attachment_id=second
    )
    assert driver.calls == [("terminate_connection", "compute1", False)]


def test_nodes_without_an_initiator_are_told_apart_by_name(
    backend: Any, driver: Driver, admin: RequestContext
) -> None:
    """The file driver's connectors have nothing but a host."""
    volume = rows.volume()
    attach(volume, {"host": "one"})
    gone = attach(volume, {"host": "two"})
    ended = exports.terminate(
        backend, admin, volume.id, {"host": "two"}, force=False, attachment_id=gone
    )
    assert ended is False
    assert driver.calls == [("terminate_connection", "two", False)]


@pytest.mark.parametrize("nobody", [None, {}])
def test_everybody_is_let_out_by_force_alone(
    backend: Any, driver: Driver, admin: RequestContext, nobody: Any
) -> None:
    """An attachment that never had a node ends no use of others."""
    volume = rows.volume()
    exports.terminate(backend, admin, volume.id, nobody, force=False)
    assert driver.calls == []
    exports.terminate(backend, admin, volume.id, nobody, force=True)
    assert driver.calls == [("terminate_connection", None, True)]


def test_a_volume_that_goes_is_not_connected(
    backend: Any, driver: Driver, admin: RequestContext
) -> None:
    """A message that comes late must not keep the data of a deleted volume in use."""
    volume = rows.volume(status=states.DELETING)
    with pytest.raises(exception.InvalidVolume, match="being deleted"):
        exports.initialize(backend, admin, volume.id, COMPUTE)
    assert driver.calls == []


def test_deletion_waits_for_a_connection_that_is_being_made(
    backend: Any, driver: Driver, admin: RequestContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asked for the connection may have given up: its export goes with the volume."""
    volume = rows.volume()
    making, deleting = threading.Event(), threading.Event()
    gone: list[str | None] = []

    def slowly(volume: Volume, connector: Any) -> dict[str, Any]:
        volumes.update(volume.id, {"status": states.DELETING})
        making.set()
        deleting.wait(10)
        driver.calls.append(("connected",))
        return {"driver_volume_type": "iscsi", "data": {}}

    monkeypatch.setattr(driver, "initialize_connection", slowly)
    monkeypatch.setattr(driver, "initialized", True, raising=False)
    monkeypatch.setattr(
        driver, "delete_volume", lambda row: gone.append(row.provider_auth), raising=False
    )
    thread = threading.Thread(target=exports.initialize, args=(backend, admin, volume.id, COMPUTE))
    thread.start()
    assert making.wait(10)
    real = exports.alone
    monkeypatch.setattr(exports, "alone", lambda one: (deleting.set(), real(one))[1])
    lifecycle.delete(backend, admin, volume.id)
    thread.join(10)
    assert driver.calls[-2:] == [("connected",), ("remove_export",)]
    assert gone == ["CHAP a b"]
    with pytest.raises(exception.VolumeNotFound):
        volumes.get(admin, volume.id)
