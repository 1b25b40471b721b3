# SPDX-License-Identifier: Apache-2.0
"""/snapshots: create, show, change, delete, their actions and metadata; who sees what."""

from __future__ import annotations

from typing import Any

import pytest

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import quotas, snapshots, volumes
from cinder_lite.objects import Snapshot, Volume
from tests.unit import rows
from tests.unit.api.client import MEMBER, NOBODY, PROJECT, STRANGER, Answer, Client
from tests.unit.api.conftest import Peers
from tests.unit.conftest import SetOption


@pytest.fixture
def volume(api: Client) -> Volume:
    return rows.volume(project_id=PROJECT)


@pytest.fixture
def snapshot(volume: Volume) -> Snapshot:
    return rows.snapshot(volume, metadata={"a": "1"})


def create(api: Client, volume: Volume, version: str = "3.71", **asked: Any) -> Answer:
    body = {"snapshot": {"volume_id": volume.id, **asked}}
    return api("POST", "/snapshots", body, version=version, token=MEMBER)


def status_of(admin: RequestContext, snapshot: Snapshot) -> str | None:
    return snapshots.get(admin, snapshot.id).status


# --- create ------------------------------------------------------------------------------------


def test_create(api: Client, peers: Peers, volume: Volume) -> None:
    answer = create(api, volume, name=" snap ", description="why", metadata={"k": "v"}, force=True)
    assert answer.status == 202
    made = answer.json["snapshot"]
    assert list(made) == [
        "id",
        "created_at",
        "updated_at",
        "name",
        "description",
        "volume_id",
        "status",
        "size",
        "metadata",
        "group_snapshot_id",
        "user_id",
        "consumes_quota",
    ]
    assert (made["name"], made["description"], made["metadata"]) == ("snap", "why", {"k": "v"})
    assert (made["status"], made["size"], made["updated_at"]) == ("creating", 1, None)
    assert (made["volume_id"], made["user_id"]) == (volume.id, "demo")
    assert peers.scheduler.calls == [("create_snapshot", (made["id"],), {})]
    assert peers.volume.calls == []
    shown = api("GET", f"/snapshots/{made['id']}", token=MEMBER).json["snapshot"]
    assert {key: shown[key] for key in made} == made
    assert shown["os-extended-snapshot-attributes:progress"] == "0%"
    assert shown["os-extended-snapshot-attributes:project_id"] == PROJECT


@pytest.mark.parametrize(
    ("version", "absent"),
    [
        ("3.13", {"group_snapshot_id", "user_id", "consumes_quota"}),
        ("3.14", {"user_id", "consumes_quota"}),
        ("3.41", {"consumes_quota"}),
        ("3.65", set()),
    ],
)
def test_fields_by_microversion(
    api: Client, snapshot: Snapshot, version: str, absent: set[str]
) -> None:
    new = {"group_snapshot_id", "user_id", "consumes_quota"}
    shown = api("GET", f"/snapshots/{snapshot.id}", version=version).json["snapshot"]
    assert new - set(shown) == absent


@pytest.mark.parametrize(
    ("version", "force", "status"),
    [
        ("3.65", None, 400),
        ("3.65", False, 400),
        ("3.65", True, 202),
        ("3.65", "yes", 202),
        ("3.66", None, 202),
        ("3.66", True, 202),
        ("3.66", False, 400),
    ],
)
def test_a_volume_in_use_needs_force_before_3_66(
    api: Client, version: str, force: Any, status: int
) -> None:
    volume = rows.volume(project_id=PROJECT, status=states.IN_USE, attach_status=states.ATTACHED)
    asked = {} if force is None else {"force": force}
    assert create(api, volume, version, **asked).status == status


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"status": states.ERROR}, "its status must be available or in-use, but is error"),
        ({"status": states.MAINTENANCE}, "but is maintenance"),
        ({"host": None}, "it is on no backend yet"),
        ({"migration_status": states.MIGRATION_STARTING}, "moving to another backend"),
    ],
)
def test_states_that_refuse(api: Client, peers: Peers, values: dict[str, Any], why: str) -> None:
    volume = rows.volume(project_id=PROJECT, **values)
    answer = create(api, volume)
    assert answer.status == 400
    assert why in answer.sentence
    assert volume.id in answer.sentence
    assert snapshots.of_volume(volume.id) == []
    assert peers.volume.calls == []


def test_all_reasons_come_in_one_sentence(api: Client) -> None:
    volume = rows.volume(
        project_id=PROJECT, status="maintenance", migration_status=states.MIGRATION_MIGRATING
    )
    sentence = create(api, volume).sentence
    assert "moving" in sentence
    assert "but is maintenance" in sentence


@pytest.mark.parametrize(
    "snapshot",
    [
        {},
        {"volume_id": "no uuid"},
        {"volume_id": NOBODY, "name": "n" * 256},
        {"volume_id": NOBODY, "force": "perhaps"},
        {"volume_id": NOBODY, "metadata": {"k": 1}},
        {"volume_id": NOBODY, "size": 1},
    ],
    ids=str,
)
def test_bodies_that_are_wrong(api: Client, snapshot: dict[str, Any]) -> None:
    assert api("POST", "/snapshots", {"snapshot": snapshot}).status == 400


@pytest.mark.parametrize("volume_id", [NOBODY, None])
def test_of_no_volume(api: Client, volume_id: str | None) -> None:
    assert api("POST", "/snapshots", {"snapshot": {"volume_id": volume_id}}).status == 404


def test_quotas(api: Client, volume: Volume, option: SetOption) -> None:
    option("quota_snapshots", 1)
    assert create(api, volume).status == 202
    answer = create(api, volume)
    assert answer.status == 413
    name, _, told = answer.sentence.partition(": ")
    assert (name, told) == (
        "SnapshotLimitExceeded",
        "Maximum number of snapshots allowed (1) exceeded",
    )
    assert answer.headers["Retry-After"] == "0"
    assert quotas.usages(PROJECT)["snapshots"][1] == 1


def test_without_a_broker_nothing_is_left(api: Client, peers: Peers, volume: Volume) -> None:
    peers.scheduler.answers["create_snapshot"] = OSError("no broker")
    assert create(api, volume).status == 503
    assert snapshots.of_volume(volume.id) == []
    assert quotas.usages(PROJECT)["snapshots"][1] == 0


# --- change, delete ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"name": " n ", "description": "d"}, ("n", "d")),
        ({"display_name": "n", "display_description": "d"}, ("n", "d")),
        ({"name": None}, (None, None)),
    ],
)
def test_update(
    api: Client, snapshot: Snapshot, given: dict[str, Any], shown: tuple[Any, Any]
) -> None:
    path = f"/snapshots/{snapshot.id}"
    changed = api("PUT", path, {"snapshot": given}, token=MEMBER)
    assert changed.status == 200
    view = changed.json["snapshot"]
    assert (view["name"], view["description"]) == shown
    assert view["metadata"] == {"a": "1"}
    assert api("GET", path).json["snapshot"]["name"] == shown[0]


@pytest.mark.parametrize("given", [{}, {"status": "error"}, {"name": "n" * 256}])
def test_updates_that_are_wrong(api: Client, snapshot: Snapshot, given: dict[str, Any]) -> None:
    assert api("PUT", f"/snapshots/{snapshot.id}", {"snapshot": given}).status == 400


def test_delete(api: Client, peers: Peers, snapshot: Snapshot, admin: RequestContext) -> None:
    assert api("DELETE", f"/snapshots/{snapshot.id}", token=MEMBER).status == 202
    assert status_of(admin, snapshot) == states.DELETING
    (call,) = peers.volume.calls
    host = "one@file#file"
    assert call == ("delete_snapshot", (host, snapshot.id), {"unmanage_only": False})


@pytest.mark.parametrize("status", [states.CREATING, states.DELETING, "backing-up", "restoring"])
def test_what_is_worked_on_is_deleted_by_force_only(
    api: Client, volume: Volume, status: str, admin: RequestContext
) -> None:
    snapshot = rows.snapshot(volume, status=status)
    answer = api("DELETE", f"/snapshots/{snapshot.id}")
    assert answer.status == 400
    assert f"must be available or error, but is {status}" in answer.sentence
    assert api("POST", f"/snapshots/{snapshot.id}/action", {"os-force_delete": {}}).status == 202
    assert status_of(admin, snapshot) == states.DELETING


def test_a_groups_snapshot_is_not_deleted_alone(api: Client, volume: Volume) -> None:
    snapshot = rows.snapshot(volume, group_snapshot_id=rows.new_id())
    answer = api("DELETE", f"/snapshots/{snapshot.id}")
    assert answer.status == 400
    assert "it belongs to the group snapshot" in answer.sentence


def test_a_deletion_without_a_broker_is_undone(
    api: Client, peers: Peers, snapshot: Snapshot, admin: RequestContext
) -> None:
    peers.volume.answers["delete_snapshot"] = OSError("no broker")
    assert api("DELETE", f"/snapshots/{snapshot.id}").status == 503
    assert status_of(admin, snapshot) == states.AVAILABLE


# --- actions -----------------------------------------------------------------------------------


def act(api: Client, snapshot: Snapshot, name: str, content: Any, **options: Any) -> Answer:
    return api("POST", f"/snapshots/{snapshot.id}/action", {name: content}, **options)


def test_reset_status(api: Client, snapshot: Snapshot, admin: RequestContext) -> None:
    assert act(api, snapshot, "os-reset_status", {"status": "Creating"}).status == 202
    found = snapshots.get(admin, snapshot.id)
    assert (found.status, found.scheduled_at) == ("creating", None)


@pytest.mark.parametrize("content", [{}, {"status": "shiny"}, {"status": None}, {"status": ""}])
def test_statuses_that_can_not_be_written(
    api: Client, snapshot: Snapshot, content: dict[str, Any]
) -> None:
    assert act(api, snapshot, "os-reset_status", content).status == 400


def test_unmanage(api: Client, peers: Peers, snapshot: Snapshot, admin: RequestContext) -> None:
    assert act(api, snapshot, "os-unmanage", None).status == 202
    assert status_of(admin, snapshot) == states.UNMANAGING
    assert peers.volume.calls[0][2] == {"unmanage_only": True}


@pytest.mark.parametrize(
    ("before", "content", "status"),
    [
        ("creating", {"status": "available", "progress": "100%"}, 202),
        ("creating", {"status": "error", "progress": "80%"}, 202),
        ("creating", {"status": "creating"}, 202),
        ("creating", {"status": "deleting"}, 400),
        ("creating", {"status": "error", "progress": "80"}, 400),
        ("creating", {"status": "error", "progress": "101%"}, 400),
        ("creating", {"status": "error", "progress": "x%"}, 400),
        ("deleting", {"status": "error_deleting"}, 202),
        ("deleting", {"status": "available"}, 400),
        ("available", {"status": "error"}, 400),
        ("creating", {}, 400),
    ],
)
def test_update_snapshot_status(  # noqa: PLR0913 - a table
    api: Client,
    volume: Volume,
    admin: RequestContext,
    before: str,
    content: dict[str, Any],
    status: int,
) -> None:
    snapshot = rows.snapshot(volume, status=before, progress="0%")
    answer = act(api, snapshot, "os-update_snapshot_status", content, token=MEMBER)
    assert answer.status == status
    found = snapshots.get(admin, snapshot.id)
    if status == 202:
        assert (found.status, found.progress) == (
            content["status"],
            content.get("progress", "0%"),
        )
    else:
        assert found.status == before


@pytest.mark.parametrize("body", [[], {}, {"os-nothing": {}}, {"os-unmanage": 1, "b": 2}])
def test_actions_that_are_none(api: Client, snapshot: Snapshot, body: Any) -> None:
    assert api("POST", f"/snapshots/{snapshot.id}/action", body).status == 400


# --- metadata ----------------------------------------------------------------------------------


def test_metadata(api: Client, snapshot: Snapshot) -> None:
    path = f"/snapshots/{snapshot.id}/metadata"
    assert api("GET", path, token=MEMBER).json == {"metadata": {"a": "1"}}
    added = api("POST", path, {"metadata": {"b": "2"}}, token=MEMBER)
    assert (added.status, added.json) == (200, {"metadata": {"a": "1", "b": "2"}})
    assert api("PUT", f"{path}/b", {"meta": {"b": "3"}}).json == {"meta": {"b": "3"}}
    assert api("GET", f"{path}/b").json == {"meta": {"b": "3"}}
    assert api("PUT", path, {"metadata": {"c": "4"}}).json == {"metadata": {"c": "4"}}
    assert api("DELETE", f"{path}/c").status == 200
    assert api("GET", path).json == {"metadata": {}}
    for method in ("GET", "DELETE"):
        assert api(method, f"{path}/c").status == 404


def test_metadata_that_is_wrong(api: Client, snapshot: Snapshot) -> None:
    path = f"/snapshots/{snapshot.id}/metadata"
    assert api("POST", path, {"metadata": {"": "x"}}).status == 400
    assert api("POST", path, {"metadata": {"k" * 256: "x"}}).status == 400
    assert api("PUT", f"{path}/a", {"meta": {"b": "2"}}).status == 400
    assert api("PUT", f"{path}/a", {"meta": {"a": "2", "b": "2"}}).status == 400


# --- who ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PUT", "", {"snapshot": {"name": "mine"}}),
        ("DELETE", "", None),
        ("GET", "/metadata", None),
        ("POST", "/metadata", {"metadata": {"k": "v"}}),
        ("PUT", "/metadata", {"metadata": {"k": "v"}}),
        ("DELETE", "/metadata/a", None),
        ("POST", "/action", {"os-update_snapshot_status": {"status": "error"}}),
        ("POST", "/action", {"os-reset_status": {"status": "error"}}),
        ("POST", "/action", {"os-force_delete": {}}),
        ("POST", "/action", {"os-unmanage": {}}),
    ],
)
def test_another_projects_snapshot_is_not_there(
    api: Client, snapshot: Snapshot, method: str, path: str, body: Any
) -> None:
    other = f"/v3/{STRANGER.partition(':')[2]}/snapshots/{snapshot.id}{path}"
    assert api(method, other, body, token=STRANGER).status == 404
    assert api(method, f"/snapshots/{NOBODY}{path}", body).status == 404


@pytest.mark.parametrize("name", ["os-reset_status", "os-force_delete", "os-unmanage"])
def test_actions_for_administrators(api: Client, snapshot: Snapshot, name: str) -> None:
    content = {"status": "error"} if name == "os-reset_status" else {}
    assert act(api, snapshot, name, content, token=MEMBER).status == 403


def test_a_snapshot_of_another_projects_volume(api: Client, volume: Volume) -> None:
    other = f"/v3/{STRANGER.partition(':')[2]}/snapshots"
    body = {"snapshot": {"volume_id": volume.id}}
    assert api("POST", other, body, token=STRANGER).status == 404


def test_a_volume_with_snapshots_is_neither_deleted_nor_moved(
    api: Client, snapshot: Snapshot, admin: RequestContext
) -> None:
    rows.service("two@file")
    path = f"/volumes/{snapshot.volume_id}"
    assert "has snapshots" in api("DELETE", path).sentence
    moved = api.action(snapshot.volume_id, "os-migrate_volume", {"host": "two@file#file"})
    assert "it has snapshots" in moved.sentence
    assert volumes.get(admin, snapshot.volume_id).status == states.AVAILABLE
    snapshots.destroy(snapshot.id)
    with pytest.raises(exception.SnapshotNotFound):
        snapshots.get(admin, snapshot.id)
    assert api("DELETE", path).status == 202
