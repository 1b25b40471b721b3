# SPDX-License-Identifier: Apache-2.0
"""/group_snapshots and /cgsnapshots."""

from __future__ import annotations

from typing import Any

import pytest

from cinder_lite.db import group_snapshots, groups, quotas, snapshots, volumes
from cinder_lite.objects import Group, GroupSnapshot, Volume
from tests.unit import rows
from tests.unit.api.client import HOST, MEMBER, NOBODY, OTHER_PROJECT, PROJECT, STRANGER, Client
from tests.unit.api.conftest import Peers
from tests.unit.conftest import SetOption


@pytest.fixture
def group(api: Client) -> Group:
    """Return a group of the member's."""
    return rows.group(rows.group_type(), rows.volume_type(), project_id=PROJECT)


@pytest.fixture
def members(group: Group) -> list[Volume]:
    """Return the two volumes of the group."""
    row = {"project_id": PROJECT, "volume_type_id": group.volume_types[0], "group_id": group.id}
    return [rows.volume(**row, size=size) for size in (1, 2)]


def _take(api: Client, group: Group, **given: Any) -> Any:
    body = {"group_snapshot": {"group_id": group.id, **given}}
    return api("POST", "/group_snapshots", body, token=MEMBER)


@pytest.fixture
def taken(api: Client, group: Group, members: list[Volume]) -> GroupSnapshot:
    """Return a snapshot of the group, available."""
    made = _take(api, group, name="now", description="words").json["group_snapshot"]
    parts = group_snapshots.snapshots_of(made["id"])
    assert group_snapshots.finish_create(made["id"], {part.id: {} for part in parts})
    (found,) = group_snapshots.listing(None, {}, group_snapshots.pages.Window())
    return found


def test_creation(api: Client, peers: Peers, group: Group, members: list[Volume]) -> None:
    answer = _take(api, group, name="now")
    assert answer.status == 202
    made = answer.json["group_snapshot"]
    assert made == {"id": made["id"], "name": "now", "group_type_id": group.group_type_id}
    parts = group_snapshots.snapshots_of(made["id"])
    assert [part.volume_id for part in parts] == [volume.id for volume in members]
    assert {(part.status, part.display_name) for part in parts} == {("creating", "now")}
    usages = quotas.usages(PROJECT)
    assert (usages["snapshots"][1], usages["gigabytes"][1]) == (2, 6)
    assert peers.volume.names == ["create_group_snapshot"]


@pytest.mark.parametrize(("quota", "limit"), [("quota_snapshots", 1), ("quota_gigabytes", 5)])
def test_without_room_nothing_is_left(
    api: Client,
    peers: Peers,
    group: Group,
    members: list[Volume],
    option: SetOption,
    quota: str,
    limit: int,
) -> None:
    option(quota, limit)
    assert _take(api, group).status == 413
    assert api("GET", "/group_snapshots").json == {"group_snapshots": []}
    assert snapshots.of_volume(members[0].id) == []
    assert quotas.usages(PROJECT)["snapshots"][1] == 0
    assert peers.volume.calls == []


@pytest.mark.parametrize(
    "values", [{"status": "error"}, {"status": "maintenance"}, {"migration_status": "migrating"}]
)
def test_a_volume_that_can_not_be_taken(
    api: Client, group: Group, members: list[Volume], values: dict[str, Any]
) -> None:
    volumes.update(members[1].id, values)
    answer = _take(api, group)
    assert answer.status == 400
    assert members[1].id in answer.sentence
    assert snapshots.of_volume(members[0].id) == []


def test_bodies(api: Client, group: Group) -> None:
    for body, status in (
        ({}, 400),
        ({"group_snapshot": {}}, 400),
        ({"group_snapshot": {"group_id": "x"}}, 400),
        ({"group_snapshot": {"group_id": NOBODY}}, 404),
        ({"group_snapshot": {"group_id": group.id, "colour": "red"}}, 400),
    ):
        assert api("POST", "/group_snapshots", body).status == status
    body = {"group_snapshot": {"group_id": group.id}}
    assert api("POST", "/group_snapshots", body, version="3.13").status == 404
    groups.update(group.id, {"status": "creating"})
    assert "must be available, but is creating" in _take(api, group).sentence


def test_fields(api: Client, taken: GroupSnapshot) -> None:
    url = f"/group_snapshots/{taken.id}"
    shown = api("GET", url, version="3.14", token=MEMBER).json["group_snapshot"]
    assert shown == {
        "id": taken.id,
        "group_id": taken.group_id,
        "group_type_id": taken.group_type_id,
        "status": "available",
        "created_at": shown["created_at"],
        "name": "now",
        "description": "words",
    }
    assert api("GET", "/group_snapshots/detail", version="3.14").json == {
        "group_snapshots": [shown]
    }
    assert api("GET", url, version="3.58").json["group_snapshot"]["project_id"] == PROJECT
    assert "project_id" not in api("GET", url, version="3.58", token=MEMBER).json["group_snapshot"]
    assert "project_id" not in api("GET", url, version="3.57").json["group_snapshot"]
    brief = {"id": taken.id, "name": "now"}
    assert api("GET", "/group_snapshots").json == {"group_snapshots": [brief]}
    assert api("GET", "/group_snapshots", version="3.13").status == 404


def test_lists(api: Client, group: Group, taken: GroupSnapshot) -> None:
    second = _take(api, group, name="later").json["group_snapshot"]["id"]

    def ids(query: str, **options: Any) -> list[str]:
        answer = api("GET", f"/group_snapshots{query}", **options)
        assert answer.status == 200, answer.raw
        return [each["id"] for each in answer.json["group_snapshots"]]

    assert ids("") == [second, taken.id]
    assert ids("?limit=1&nosuch=1", version="3.28") == [second, taken.id], "nothing is looked at"
    assert ids("?status=creating", token=MEMBER) == [second]
    assert ids(f"?group_id={group.id}&sort=name:desc", token=MEMBER) == [taken.id, second]
    assert api("GET", "/group_snapshots?user_id=x", token=MEMBER).status == 400
    page = api("GET", "/group_snapshots?limit=1").json
    assert page["group_snapshot_links"][0]["href"] == (
        f"http://{HOST}/v3/{PROJECT}/group_snapshots?limit=1&marker={second}"
    )
    admin = f"admin:{OTHER_PROJECT}"
    other = f"/v3/{OTHER_PROJECT}/group_snapshots"
    assert api("GET", other, token=admin).json == {"group_snapshots": []}
    wanted = f"?project_id={OTHER_PROJECT}"
    assert ids(wanted) == [second, taken.id], "a filter of all projects' only"
    assert ids(f"{wanted}&all_tenants=1") == []
    assert len(api("GET", f"{other}?all_tenants=1", token=admin).json["group_snapshots"]) == 2


def test_of_another_project_nothing_is_seen(api: Client, taken: GroupSnapshot) -> None:
    for path in ("group_snapshots", "cgsnapshots"):
        url = f"/v3/{OTHER_PROJECT}/{path}"
        assert api("GET", f"{url}/{taken.id}", token=STRANGER).status == 404
        assert api("DELETE", f"{url}/{taken.id}", token=STRANGER).status == 404
    copy = {"create-from-src": {"group_snapshot_id": taken.id}}
    url = f"/v3/{OTHER_PROJECT}/groups/action"
    assert api("POST", url, copy, token=STRANGER).status == 404


def test_deletion(api: Client, peers: Peers, taken: GroupSnapshot) -> None:
    url = f"/group_snapshots/{taken.id}"
    assert api("DELETE", url, token=MEMBER).status == 202
    assert api("GET", url).json["group_snapshot"]["status"] == "deleting"
    assert {p.status for p in group_snapshots.snapshots_of(taken.id)} == {"deleting"}
    assert peers.volume.names[-1] == "delete_group_snapshot"
    again = api("DELETE", url)
    assert again.status == 400
    assert "must be available or error, but is deleting" in again.sentence


def test_what_a_volume_is_reverted_to_stays(api: Client, taken: GroupSnapshot) -> None:
    part, other = group_snapshots.snapshots_of(taken.id)
    snapshots.update(part.id, {"status": "restoring"})
    answer = api("DELETE", f"/group_snapshots/{taken.id}")
    assert answer.status == 400
    assert f"volume {part.volume_id} is being reverted" in answer.sentence
    assert (
        api("GET", f"/group_snapshots/{taken.id}").json["group_snapshot"]["status"] == taken.status
    )
    left = group_snapshots.snapshots_of(taken.id)
    assert {one.id: one.status for one in left} == {part.id: "restoring", other.id: "available"}


def test_an_empty_one_goes_at_once(api: Client, peers: Peers, group: Group) -> None:
    made = _take(api, group).json["group_snapshot"]["id"]
    group_snapshots.finish_create(made, {})
    assert api("DELETE", f"/group_snapshots/{made}").status == 202
    assert api("GET", f"/group_snapshots/{made}").status == 404


def test_what_is_being_copied_stays(api: Client, peers: Peers, taken: GroupSnapshot) -> None:
    body = {"create-from-src": {"group_snapshot_id": taken.id, "name": "copy"}}
    made = api("POST", "/groups/action", body, token=MEMBER).json["group"]
    found = groups.volumes_of(made["id"])
    parts = group_snapshots.snapshots_of(taken.id)
    assert sorted(str(v.snapshot_id) for v in found) == sorted(part.id for part in parts)
    assert sorted(volume.size for volume in found) == [1, 2]
    answer = api("DELETE", f"/group_snapshots/{taken.id}")
    assert answer.status == 400
    assert "a group is being created from it" in answer.sentence
    assert {p.status for p in group_snapshots.snapshots_of(taken.id)} == {"available"}


def test_a_bad_one_is_not_copied(api: Client, taken: GroupSnapshot) -> None:
    part = group_snapshots.snapshots_of(taken.id)[0]
    snapshots.update(part.id, {"status": "error"})
    body = {"create-from-src": {"group_snapshot_id": taken.id}}
    answer = api("POST", "/groups/action", body)
    assert answer.status == 400
    assert f"the status of snapshot {part.id} must be available" in answer.sentence


def test_reset_status(api: Client, taken: GroupSnapshot) -> None:
    url = f"/group_snapshots/{taken.id}"
    body = {"reset_status": {"status": "ERROR"}}
    assert api("POST", f"{url}/action", body, version="3.18").status == 404
    assert api("POST", f"{url}/action", body, version="3.19", token=MEMBER).status == 403
    assert api("POST", f"{url}/action", body, version="3.19").status == 202
    assert api("GET", url).json["group_snapshot"]["status"] == "error"
    assert api("POST", f"{url}/action", {"reset_status": {"status": "in-use"}}).status == 400


def test_group_snapshots_keep_their_group(api: Client, group: Group, taken: GroupSnapshot) -> None:
    answer = api("POST", f"/groups/{group.id}/action", {"delete": {"delete-volumes": True}})
    assert answer.status == 400
    assert "it has group snapshots." in answer.sentence


def test_the_older_name(api: Client, peers: Peers, group: Group, members: list[Volume]) -> None:
    body = {"cgsnapshot": {"consistencygroup_id": group.id, "name": " c ", "extra": 1}}
    made = api("POST", "/cgsnapshots", body, version="3.0", token=MEMBER)
    assert made.status == 202
    brief = made.json["cgsnapshot"]
    assert brief == {"id": brief["id"], "name": "c"}
    shown = api("GET", f"/cgsnapshots/{brief['id']}", version="3.0").json["cgsnapshot"]
    assert shown == {
        "id": brief["id"],
        "consistencygroup_id": group.id,
        "status": "creating",
        "created_at": shown["created_at"],
        "name": "c",
        "description": None,
    }
    assert api("GET", "/cgsnapshots").json == {"cgsnapshots": [brief]}
    assert api("GET", "/cgsnapshots/detail").json == {"cgsnapshots": [shown]}
    for query in ("?sort_key=nope", "?sort=name:up", "?marker=nope", "?limit=0"):
        assert api("GET", f"/cgsnapshots{query}").json == {"cgsnapshots": [brief]}
    assert api("GET", "/cgsnapshots?offset=1").json == {"cgsnapshots": []}
    assert api("GET", "/cgsnapshots?limit=x").status == 400
    assert api("DELETE", f"/cgsnapshots/{brief['id']}").status == 400
    group_snapshots.fail_create(brief["id"])
    assert api("DELETE", f"/cgsnapshots/{brief['id']}").status == 202
    assert peers.volume.names == ["create_group_snapshot", "delete_group_snapshot"]
    assert api("POST", "/cgsnapshots", {"cgsnapshot": {}}).status == 400
