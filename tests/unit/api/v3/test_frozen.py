# SPDX-License-Identifier: Apache-2.0
"""What is on a frozen backend stays as it is."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from cinder_lite.db import group_snapshots, services
from cinder_lite.objects import Service
from tests.unit import rows
from tests.unit.api.client import ADMIN, MEMBER, PROJECT, Answer, Client
from tests.unit.api.conftest import Peers

WHY = "the storage backend is frozen"


class Things(NamedTuple):
    """Ids of what there is on the backend."""

    volume: str
    plain: str
    snapshot: str
    group: str
    group_snapshot: str
    lone_group: str


@pytest.fixture
def backend(api: Client) -> Service:
    """The backend's service, frozen."""
    service = rows.service("one@file")
    assert services.set_frozen(service.id, frozen=True)
    return service


@pytest.fixture
def things(api: Client) -> Things:
    """What there is."""
    volume, plain = (rows.volume(project_id=PROJECT, host="one@file#file") for _ in range(2))
    kind = rows.volume_type()
    groups = rows.group_type()
    group, lone = (
        rows.group(groups, kind, project_id=PROJECT, host="one@file#file") for _ in range(2)
    )
    for one in (group, lone):
        rows.volume(project_id=PROJECT, volume_type_id=kind.id, group_id=one.id)
    body = {"group_snapshot": {"group_id": group.id}}
    taken = api("POST", "/group_snapshots", body, token=MEMBER).json["group_snapshot"]["id"]
    parts = group_snapshots.snapshots_of(taken)
    assert group_snapshots.finish_create(taken, {part.id: {} for part in parts})
    return Things(volume.id, plain.id, rows.snapshot(volume).id, group.id, taken, lone.id)


def ask(api: Client, things: Things, method: str, path: str, body: Any) -> Answer:
    """Send a request about some of the things."""
    named = things._asdict()
    filled = {
        key: {name: str(value).format(**named) for name, value in content.items()}
        for key, content in (body or {}).items()
    }
    return api(method, path.format(**named), filled or None, token=ADMIN)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", "/volumes/{plain}", None),
        ("DELETE", "/volumes/{volume}?cascade=true", None),
        ("POST", "/volumes/{plain}/action", {"os-force_delete": {}}),
        ("POST", "/snapshots", {"snapshot": {"volume_id": "{plain}"}}),
        ("DELETE", "/snapshots/{snapshot}", None),
        ("POST", "/snapshots/{snapshot}/action", {"os-force_delete": {}}),
        ("POST", "/group_snapshots", {"group_snapshot": {"group_id": "{group}"}}),
        ("DELETE", "/group_snapshots/{group_snapshot}", None),
        ("POST", "/groups/action", {"create-from-src": {"source_group_id": "{group}"}}),
        ("POST", "/groups/action", {"create-from-src": {"group_snapshot_id": "{group_snapshot}"}}),
        ("POST", "/groups/{lone_group}/action", {"delete": {"delete-volumes": "true"}}),
    ],
)
def test_until_it_is_thawed(
    api: Client, peers: Peers, things: Things, backend: Service, method: str, path: str, body: Any
) -> None:
    peers.volume.calls.clear()
    answer = ask(api, things, method, path, body)
    assert answer.status == 400, answer.json
    assert WHY in answer.sentence
    assert peers.volume.calls == peers.scheduler.calls == []
    assert services.set_frozen(backend.id, frozen=False)
    assert ask(api, things, method, path, body).status == 202


def test_its_volumes_may_be_forgotten(api: Client, things: Things, backend: Service) -> None:
    assert ask(api, things, "POST", "/volumes/{plain}/action", {"os-unmanage": {}}).status == 202


def test_a_volume_of_another_backend(api: Client, backend: Service) -> None:
    volume = rows.volume(project_id=PROJECT, host="two@file#file")
    assert api("DELETE", f"/volumes/{volume.id}", token=MEMBER).status == 202
    unplaced = rows.volume(project_id=PROJECT, host=None)
    assert api("DELETE", f"/volumes/{unplaced.id}", token=MEMBER).status == 202
