# SPDX-License-Identifier: Apache-2.0
"""A deployment with Keystone, and one of everything that the API can name."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import glance
from tests.functional.harness import keystone as keystone_module
from tests.functional.harness import schemathesis, venvs
from tests.functional.harness.deployment import Deployment
from tests.functional.harness.keystone import Keystone
from tests.functional.harness.scratch import scratch
from tests.functional.harness.servers import ServerPool

SERVER = "11111111-2222-4333-8444-555555555555"


@pytest.fixture(scope="session")
def directory() -> Iterator[Path]:
    """A directory for all that the run writes; it goes at the end."""
    with scratch("fuzz") as path:
        yield path


@pytest.fixture(scope="session")
def deployment(directory: Path) -> Iterator[Deployment]:
    """One host with two backends, over RabbitMQ and MariaDB, with a stand-in for Glance."""
    home = directory / "deployment"
    home.mkdir()
    for tool in (("keystone", keystone_module.REQUIREMENTS), schemathesis.TOOL):
        venvs.environment(*tool)  # before the servers start: pip keeps a small machine busy
    with contextlib.ExitStack() as stack:
        pool = ServerPool(directory / "servers")
        stack.callback(pool.stop)
        pool.prepare(("mariadb", "rabbitmq"))
        pool.begin("keystone", Keystone)
        keystone = pool.wait("keystone")
        assert isinstance(keystone, Keystone)
        images = stack.enter_context(glance.running())
        running = Deployment(
            home,
            pool,
            keystone=keystone,
            hosts=("alpha",),
            backends=("file", "second"),
            overrides={"DEFAULT": {"glance_api_servers": images.url}},
        )
        stack.callback(running.stop_all)
        yield running.start_all()


@pytest.fixture
def known(deployment: Deployment) -> dict[str, str]:
    """Return the id of something new for every parameter of a path that names something."""

    def make(path: str, kind: str, **values: Any) -> str:
        answer = deployment.request("POST", path, {kind: values}, microversion="3.70")
        assert answer.status_code < 300, answer.text  # noqa: PLR2004
        found: str = answer.json()[kind]["id"]
        return found

    name = os.urandom(4).hex()
    of_volumes = make("/types", "volume_type", name=name)
    of_groups = make("/group_types", "group_type", name=name)
    group = make("/groups", "group", group_type=of_groups, volume_types=[of_volumes])
    mine, given, used = (
        deployment.create_volume(metadata={"k": "v"}, volume_type=of_volumes)["id"]
        for _ in range(3)
    )
    return {
        "tenant_id": deployment.project,
        "project": deployment.project,
        "project_id": deployment.project,
        "volume_id": mine,
        "snapshot_id": make("/snapshots", "snapshot", volume_id=mine, metadata={"k": "v"}),
        "type_id": of_volumes,
        "group_type_id": of_groups,
        "group_id": group,
        "specs_id": make("/qos-specs", "qos_specs", name=name, consumer="front-end", k="v"),
        "transfer_id": make("/volume-transfers", "transfer", volume_id=given),
        "attachment_id": make("/attachments", "attachment", volume_uuid=used, instance_uuid=SERVER),
        "key": "k",
        "host": "alpha@file",
        "alias": "os-volume-migrations",
        "name": "default",
    }
