# SPDX-License-Identifier: Apache-2.0
"""The stock clients work unchanged: python-cinderclient, python-openstackclient, openstacksdk."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest

from tests.functional.harness.clients import ClientFailed, Clients, column, fields
from tests.functional.harness.deployment import Deployment

WITH_KEYSTONE = pytest.param("keystone", marks=pytest.mark.keystone)


@pytest.fixture(scope="module", params=["noauth", WITH_KEYSTONE])
def services(
    request: pytest.FixtureRequest, start_deployment: Callable[..., Deployment]
) -> Deployment:
    """Services over RabbitMQ and MariaDB, with and without Keystone."""
    if request.param == "keystone":
        found: Deployment = request.getfixturevalue("keystone_deployment")
        return found
    return start_deployment()


@pytest.fixture
def admin(services: Deployment) -> Clients:
    """The clients of an administrator."""
    return Clients(services)


@pytest.fixture
def name() -> str:
    """A name that no other volume has."""
    return f"client-{secrets.token_hex(4)}"


def _other(services: Deployment, host: str) -> str:
    return services.host("beta" if host.startswith("alpha") else "alpha")


def _created(services: Deployment, name: str) -> tuple[dict[str, Any], str]:
    """Wait for a client's new volume, fill it, and return it with its digest."""
    listed = services.get(f"/volumes?name={name}")["volumes"]
    volume = services.wait_for_status(listed[0]["id"], "available")
    return volume, services.fill(volume)


def _arrived(services: Deployment, volume_id: str, host: str, digest: str) -> None:
    moved = services.wait_for_migration(volume_id)
    assert moved["migration_status"] == "success"
    assert moved["os-vol-host-attr:host"] == host
    assert services.digest(moved) == digest


def test_cinder_creates_lists_shows_migrates_deletes(
    services: Deployment, admin: Clients, name: str
) -> None:
    created = fields(admin.cinder("create", "--name", name, "1"))
    assert created["name"] == name
    volume, before = _created(services, name)
    assert name in column(admin.cinder("list"), "Name")
    shown = fields(admin.cinder("show", name))
    target = _other(services, shown["os-vol-host-attr:host"])
    options = ("--force-host-copy", "True", "--lock-volume", "True")
    said = admin.cinder("migrate", name, target, *options)
    assert "accepted" in said
    _arrived(services, volume["id"], target, before)
    assert fields(admin.cinder("show", name))["os-vol-mig-status-attr:migstat"] == "success"
    admin.cinder("delete", name)
    services.wait_gone(volume["id"])


@pytest.mark.parametrize("microversion", ["3.0", "3.16", "3.66", "3.71"])
def test_cinder_at_other_microversions(
    services: Deployment, admin: Clients, name: str, microversion: str
) -> None:
    admin.cinder("create", "--name", name, "1", microversion=microversion)
    volume, _ = _created(services, name)
    assert name in column(admin.cinder("list", microversion=microversion), "Name")
    target = _other(services, volume["os-vol-host-attr:host"])
    admin.cinder("migrate", name, target, microversion=microversion)
    assert services.wait_for_migration(volume["id"])["migration_status"] == "success"
    admin.cinder("delete", name, microversion=microversion)
    services.wait_gone(volume["id"])


def test_cinder_administration(services: Deployment, admin: Clients, name: str) -> None:
    hosts = column(admin.cinder("service-list"), "Host")
    assert {"alpha@file", "beta@file"} <= set(hosts)
    assert services.host("alpha") in admin.cinder("get-pools", "--detail")
    admin.cinder("type-create", name)
    admin.cinder("type-key", name, "set", "volume_backend_name=file")
    assert name in admin.cinder("type-list")
    assert "volume_backend_name" in admin.cinder("extra-specs-list")
    admin.cinder("type-delete", name)
    admin.cinder("service-disable", "beta@file", "cinder-volume", "--reason", "a test")
    assert "a test" in admin.cinder("service-list")
    admin.cinder("service-enable", "beta@file", "cinder-volume")
    assert "maxTotalVolumes" in admin.cinder("absolute-limits")


def test_openstack_creates_lists_shows_migrates_deletes(
    services: Deployment, admin: Clients, name: str
) -> None:
    created = admin.openstack_json("volume", "create", "--size", "1", "--property", "k=v", name)
    assert created["name"] == name
    volume, before = _created(services, name)
    listed = admin.openstack_json("volume", "list", "--long")
    assert name in [entry["Name"] for entry in listed]
    shown = admin.openstack_json("volume", "show", name)
    assert shown["properties"] == {"k": "v"}
    target = _other(services, volume["os-vol-host-attr:host"])
    admin.openstack("volume", "migrate", "--host", target, "--force-host-copy", name)
    _arrived(services, volume["id"], target, before)
    shown = admin.openstack_json("volume", "show", name)
    # openstackclient does not show migration_status.
    assert services.show(volume["id"])["migration_status"] == "success"
    assert shown["os-vol-host-attr:host"] == target
    admin.openstack("volume", "set", "--name", f"{name}-b", name)
    admin.openstack("volume", "delete", f"{name}-b")
    services.wait_gone(volume["id"])


def test_openstack_at_the_newest_microversion(
    services: Deployment, admin: Clients, name: str
) -> None:
    admin.openstack("volume", "create", "--size", "1", name, microversion="3.71")
    volume, before = _created(services, name)
    target = _other(services, volume["os-vol-host-attr:host"])
    admin.openstack("volume", "migrate", "--host", target, name, microversion="3.71")
    _arrived(services, volume["id"], target, before)
    admin.openstack("volume", "delete", name, microversion="3.71")
    services.wait_gone(volume["id"])


def test_openstack_administration(services: Deployment, admin: Clients, name: str) -> None:
    found = admin.openstack_json("volume", "service", "list")
    assert {"alpha@file", "beta@file"} <= {entry["Host"] for entry in found}
    pools = admin.openstack_json("volume", "backend", "pool", "list")
    assert services.host("beta") in [entry["Name"] for entry in pools]
    admin.openstack("volume", "type", "create", "--property", "volume_backend_name=file", name)
    types = admin.openstack_json("volume", "type", "list")
    assert name in [entry["Name"] for entry in types]
    admin.openstack("volume", "type", "delete", name)


def test_sdk_creates_lists_shows_migrates_deletes(
    services: Deployment, admin: Clients, name: str
) -> None:
    storage: Any = admin.sdk().block_storage
    volume = storage.create_volume(size=1, name=name, metadata={"k": "v"})
    storage.wait_for_status(volume, "available", interval=0.2, wait=60)
    _, before = _created(services, name)
    assert name in [entry.name for entry in storage.volumes()]
    volume = storage.get_volume(volume.id)
    assert volume.metadata == {"k": "v"}
    target = _other(services, volume.host)
    storage.migrate_volume(volume, host=target, force_host_copy=True)
    _arrived(services, volume.id, target, before)
    assert storage.get_volume(volume.id).migration_status == "success"
    assert {"alpha@file", "beta@file"} <= {entry.host for entry in storage.services()}
    assert services.host("alpha") in [pool.name for pool in storage.backend_pools()]
    storage.delete_volume(volume)
    storage.wait_for_delete(volume, interval=0.2, wait=60)


def test_somebody_else_may_not_migrate(services: Deployment, admin: Clients, name: str) -> None:
    admin.cinder("create", "--name", name, "1")
    volume, _ = _created(services, name)
    demo = Clients(services, user="demo")
    shown = fields(demo.cinder("show", name))
    assert "os-vol-host-attr:host" not in shown
    target = _other(services, volume["os-vol-host-attr:host"])
    said = demo.cinder("migrate", name, target)  # cinderclient reports it and ends with 0
    assert "failed" in said
    assert services.show(volume["id"])["migration_status"] is None
    if services.keystone is not None:
        with pytest.raises(ClientFailed) as refused:
            demo.openstack("volume", "migrate", "--host", target, name)
        assert "403" in refused.value.stderr
    admin.cinder("delete", name)


def test_our_own_command_line(services: Deployment, admin: Clients, name: str) -> None:
    admin.cinder_lite("create", "1", "--name", name, "--wait")
    volume, before = _created(services, name)
    target = _other(services, volume["os-vol-host-attr:host"])
    admin.cinder_lite("migrate", name, target, "--wait")
    _arrived(services, volume["id"], target, before)
    assert name in admin.cinder_lite("list")
    assert "success" in admin.cinder_lite("migration-list")
    with pytest.raises(ClientFailed) as refused:
        admin.cinder_lite("migrate", name, target)
    assert refused.value.status != 0
    assert len(refused.value.stderr.strip().splitlines()) == 1
    admin.cinder_lite("delete", name)
    services.wait_gone(volume["id"])
