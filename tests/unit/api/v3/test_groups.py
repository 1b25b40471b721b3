# SPDX-License-Identifier: Apache-2.0
"""/groups: fields, lists, changes, copies, deletion."""

from __future__ import annotations

from typing import Any

import pytest

from cinder_lite import exception
from cinder_lite.context import RequestContext
from cinder_lite.db import group_types, groups, quotas, volumes
from cinder_lite.objects import Group, GroupType, Volume, VolumeType
from tests.unit import rows
from tests.unit.api.client import (
    ADMIN,
    HOST,
    MEMBER,
    NOBODY,
    OTHER_PROJECT,
    PROJECT,
    STRANGER,
    Client,
)
from tests.unit.api.conftest import Peers
from tests.unit.conftest import SetOption


@pytest.fixture
def silver(api: Client) -> VolumeType:
    """Return the type of volumes that the group takes."""
    return rows.volume_type("silver")


@pytest.fixture
def kind(api: Client) -> GroupType:
    """Return the group's type."""
    return rows.group_type("flock")


@pytest.fixture
def group(silver: VolumeType, kind: GroupType) -> Group:
    """Return a group of the member's."""
    return rows.group(kind, silver, project_id=PROJECT)


def _member(group: Group, **values: Any) -> Volume:
    (type_id,) = group.volume_types
    row = {"project_id": PROJECT, "volume_type_id": type_id, "group_id": group.id, **values}
    return rows.volume(**row)


def _act(api: Client, group: Group, name: str, content: Any, **options: Any) -> Any:
    return api("POST", f"/groups/{group.id}/action", {name: content}, **options)


def _put(api: Client, group: Group, **change: Any) -> Any:
    return api("PUT", f"/groups/{group.id}", {"group": change}, token=MEMBER)


# --- creation --------------------------------------------------------------------------------


def test_creation(api: Client, peers: Peers, silver: VolumeType, kind: GroupType) -> None:
    given = {"name": " g ", "description": "d", "group_type": "flock", "volume_types": ["silver"]}
    answer = api("POST", "/groups", {"group": given}, version="3.13", token=MEMBER)
    assert answer.status == 202
    made = answer.json["group"]
    assert made == {"id": made["id"], "name": "g"}
    shown = api("GET", f"/groups/{made['id']}", version="3.13", token=MEMBER).json["group"]
    assert shown == {
        "id": made["id"],
        "status": "creating",
        "availability_zone": "nova",
        "created_at": shown["created_at"],
        "name": "g",
        "description": "d",
        "group_type": kind.id,
        "volume_types": [silver.id],
    }
    ((name, args, kwargs),) = peers.scheduler.calls
    assert (name, args) == ("create_group", (made["id"],))
    (spec,) = kwargs["request_specs"]
    assert spec["volume_type"]["name"] == "silver"
    assert spec["volume_properties"]["availability_zone"] == "nova"
    assert quotas.usages(PROJECT)["groups"] == (10, 1)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"group_type": None}, 400),
        ({"group_type": "nosuch"}, 404),
        ({"group_type": NOBODY}, 404),
        ({"group_type": "default_cgsnapshot_type"}, 400),
        ({"volume_types": []}, 400),
        ({"volume_types": "silver"}, 400),
        ({"volume_types": ["silver", "silver"]}, 400),
        ({"volume_types": ["nosuch"]}, 404),
        ({"name": "n" * 256}, 400),
        ({"availability_zone": "nowhere"}, 400),
        ({"availability_zone": None, "name": None, "description": None}, 202),
        ({"colour": "red"}, 400),
    ],
)
def test_bodies(
    api: Client, silver: VolumeType, kind: GroupType, change: dict[str, Any], status: int
) -> None:
    body = {"group": {"group_type": kind.id, "volume_types": [silver.id], **change}}
    assert api("POST", "/groups", body).status == status


def test_the_quota_of_groups(
    api: Client, silver: VolumeType, kind: GroupType, option: SetOption
) -> None:
    option("quota_groups", 1)
    body = {"group": {"group_type": kind.id, "volume_types": [silver.id]}}
    assert api("POST", "/groups", body).status == 202
    answer = api("POST", "/groups", body)
    assert answer.status == 413
    assert len(api("GET", "/groups").json["groups"]) == 1


def test_without_a_broker_nothing_is_left(
    api: Client, peers: Peers, silver: VolumeType, kind: GroupType
) -> None:
    peers.scheduler.answers["create_group"] = RuntimeError("no broker")
    body = {"group": {"group_type": kind.id, "volume_types": [silver.id]}}
    assert api("POST", "/groups", body).status == 503
    assert api("GET", "/groups").json == {"groups": []}
    assert quotas.usages(PROJECT)["groups"][1] == 0


# --- reading ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "further"),
    [
        ("3.13", {}),
        ("3.14", {"group_snapshot_id": None, "source_group_id": None}),
        ("3.38", {"replication_status": "disabled"}),
        ("3.58", {"project_id": PROJECT}),
    ],
)
def test_fields_by_microversion(
    api: Client, group: Group, version: str, further: dict[str, Any]
) -> None:
    shown = api("GET", f"/groups/{group.id}", version=version).json["group"]
    assert further.items() <= shown.items()
    before = f"3.{int(version[2:]) - 1}"
    if version != "3.13":
        assert not set(further) & set(
            api("GET", f"/groups/{group.id}", version=before).json["group"]
        )
    assert api("GET", "/groups/detail", version=version).json == {"groups": [shown]}


def test_project_id_is_for_administrators(api: Client, group: Group) -> None:
    assert "project_id" not in api("GET", f"/groups/{group.id}", token=MEMBER).json["group"]


def test_volumes_are_listed_on_demand(api: Client, group: Group) -> None:
    volume = _member(group)
    url = f"/groups/{group.id}"
    assert api("GET", f"{url}?list_volume=true").json["group"]["volumes"] == [volume.id]
    assert "volumes" not in api("GET", url).json["group"]
    assert "volumes" not in api("GET", f"{url}?list_volume=1", version="3.24").json["group"]
    (listed,) = api("GET", "/groups/detail?list_volume=True", token=MEMBER).json["groups"]
    assert listed["volumes"] == [volume.id]
    assert api("GET", f"{url}?list_volume=maybe").status == 400


def test_there_are_no_groups_before_3_13(api: Client, group: Group) -> None:
    for path in ("/groups", "/groups/detail", f"/groups/{group.id}"):
        assert api("GET", path, version="3.12").status == 404


def _ids(api: Client, query: str, **options: Any) -> list[str]:
    answer = api("GET", f"/groups{query}", **options)
    assert answer.status == 200, answer.raw
    return [each["id"] for each in answer.json["groups"]]


def test_lists(api: Client, kind: GroupType, silver: VolumeType, group: Group) -> None:
    second = rows.group(kind, silver, project_id=PROJECT, name="other")
    foreign = rows.group(kind, silver, project_id=OTHER_PROJECT)
    assert _ids(api, "") == [second.id, group.id]
    assert _ids(api, "?all_tenants=1") == [foreign.id, second.id, group.id]
    assert _ids(api, "?name=other") == [second.id]
    assert _ids(api, "?name~=the") == [second.id]
    assert _ids(api, "?status=error") == []
    assert _ids(api, "?host=one@file") == [second.id, group.id]
    assert _ids(api, "?nosuch=1") == []
    assert _ids(api, "?sort=name:asc") == [group.id, second.id]
    page = api("GET", "/groups?limit=1").json
    assert [each["id"] for each in page["groups"]] == [second.id]
    assert page["group_links"][0]["href"] == (
        f"http://{HOST}/v3/{PROJECT}/groups?limit=1&marker={second.id}"
    )
    assert _ids(api, f"?marker={second.id}") == [group.id]


def test_filters_of_members(api: Client, group: Group) -> None:
    assert _ids(api, "?name=herd&all_tenants=1", token=MEMBER) == [group.id]
    assert api("GET", "/groups?status=available", token=MEMBER).status == 400
    assert _ids(api, "?status=available", token=MEMBER, version="3.30") == [group.id]
    # Before the operator's file decides, what names no column finds nothing, as in Cinder.
    assert _ids(api, "?all_tenants=1", token=MEMBER, version="3.30") == []


def test_a_project_is_a_filter_of_all_projects_groups_only(
    api: Client, kind: GroupType, silver: VolumeType, group: Group
) -> None:
    foreign = rows.group(kind, silver, project_id=OTHER_PROJECT)
    wanted = f"?project_id={OTHER_PROJECT}"
    assert _ids(api, f"{wanted}&all_tenants=1") == [foreign.id]
    assert _ids(api, wanted) == [group.id]
    assert _ids(api, wanted, token=MEMBER, version="3.30") == [group.id]
    for token in (ADMIN, MEMBER):
        answer = api("GET", f"/consistencygroups{wanted}", token=token)
        assert [each["id"] for each in answer.json["consistencygroups"]] == [group.id]


def test_of_another_project_nothing_is_seen(api: Client, group: Group) -> None:
    url = f"/v3/{OTHER_PROJECT}/groups"
    one = f"{url}/{group.id}"
    assert api("GET", url, token=STRANGER).json == {"groups": []}
    assert api("GET", one, token=STRANGER).status == 404
    assert api("PUT", one, {"group": {"name": "x"}}, token=STRANGER).status == 404
    assert api("POST", f"{one}/action", {"delete": {}}, token=STRANGER).status == 404
    copy = {"create-from-src": {"source_group_id": group.id}}
    assert api("POST", f"{url}/action", copy, token=STRANGER).status == 404
    taken = {"group_snapshot": {"group_id": group.id}}
    taking = api("POST", f"/v3/{OTHER_PROJECT}/group_snapshots", taken, token=STRANGER)
    assert taking.status == 404


# --- changes ---------------------------------------------------------------------------------


def test_volumes_join_and_leave(api: Client, group: Group) -> None:
    stays, leaves = _member(group), _member(group)
    joins = rows.volume(project_id=PROJECT, volume_type_id=group.volume_types[0])
    answer = _put(
        api,
        group,
        name="new",
        description=" words ",
        add_volumes=f"{joins.id},{stays.id},",
        remove_volumes=leaves.id,
    )
    assert (answer.status, answer.raw) == (202, b"")
    shown = api("GET", f"/groups/{group.id}?list_volume=1").json["group"]
    assert (shown["name"], shown["description"], shown["status"]) == ("new", "words", "available")
    assert sorted(shown["volumes"]) == sorted([stays.id, joins.id])
    assert api("GET", f"/volumes/{leaves.id}").json["volume"]["group_id"] is None
    assert api("GET", f"/volumes/{joins.id}").json["volume"]["group_id"] == group.id


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"status": "error"}, "its status must be available or in-use, but is error"),
        ({"migration_status": "migrating"}, "it is moving to another backend"),
        ({"volume_type_id": None}, "takes no volumes of its type (None)"),
        ({"host": "two@file#file"}, "it is on two@file#file, and the group is on one@file#file"),
        ({"project_id": OTHER_PROJECT}, "it could not be found."),
        ({"group_id": NOBODY}, f"it is in the group {NOBODY}"),
    ],
)
def test_volumes_that_can_not_join(
    api: Client, group: Group, values: dict[str, Any], reason: str
) -> None:
    fits = rows.volume(project_id=PROJECT, volume_type_id=group.volume_types[0])
    volume = rows.volume(project_id=PROJECT, volume_type_id=group.volume_types[0])
    volumes.update(volume.id, values)
    answer = _put(api, group, add_volumes=f"{fits.id},{volume.id}")
    assert answer.status == 400
    assert reason in answer.sentence
    # All or none.
    assert volumes.get(RequestContext(is_admin=True), fits.id).group_id is None


def test_volumes_that_can_not_leave(api: Client, group: Group) -> None:
    busy, outside = _member(group, status="creating"), rows.volume(project_id=PROJECT)
    answer = _put(api, group, remove_volumes=busy.id)
    assert answer.status == 400
    assert "but is creating" in answer.sentence
    assert "it is not in the group" in _put(api, group, remove_volumes=outside.id).sentence
    both = _put(api, group, add_volumes=busy.id, remove_volumes=busy.id)
    assert both.status == 400
    assert "can not both join and leave" in both.sentence
    assert _put(api, group, add_volumes=NOBODY).status == 400


@pytest.mark.parametrize("change", [{}, {"name": "herd"}, {"add_volumes": ""}, {"name": None}])
def test_nothing_to_change(api: Client, group: Group, change: dict[str, Any]) -> None:
    assert _put(api, group, **change).status == 400


def test_a_group_that_is_busy_keeps_its_volumes(api: Client, group: Group) -> None:
    volume = _member(group)
    groups.update(group.id, {"status": "creating"})
    answer = _put(api, group, remove_volumes=volume.id)
    assert answer.status == 400
    assert "its status must be available, but is creating" in answer.sentence
    assert _put(api, group, name="x").status == 202
    assert api("GET", f"/groups/{group.id}").json["group"]["status"] == "creating"


# --- deletion --------------------------------------------------------------------------------


def test_an_empty_group_goes_at_once(api: Client, peers: Peers, group: Group) -> None:
    answer = _act(api, group, "delete", {"delete-volumes": False}, token=MEMBER, version="3.13")
    assert (answer.status, answer.raw) == (202, b"")
    assert api("GET", f"/groups/{group.id}").status == 404
    assert peers.volume.calls == []
    assert quotas.usages(PROJECT)["groups"][1] == 0


def test_a_group_goes_with_its_volumes(api: Client, peers: Peers, group: Group) -> None:
    volume = _member(group)
    unplaced = _member(group, host=None, status="error")
    assert "delete-volumes flag" in _act(api, group, "delete", {}).sentence
    assert _act(api, group, "delete", {"delete-volumes": True}).status == 202
    assert api("GET", f"/groups/{group.id}").json["group"]["status"] == "deleting"
    assert api("GET", f"/volumes/{volume.id}").json["volume"]["status"] == "deleting"
    assert api("GET", f"/volumes/{unplaced.id}").status == 404
    assert peers.volume.names == ["delete_group"]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"attach_status": "attached"}, "is attached and must be detached first"),
        (
            {"status": "attaching", "attach_status": "attaching"},
            "is attached and must be detached first",
        ),
        ({"status": "reserved"}, "must be available or in error, but is reserved"),
        ({"status": "reverting"}, "must be available or in error, but is reverting"),
        ({"migration_status": "migrating"}, "is moving to another backend"),
    ],
)
def test_volumes_that_keep_their_group(
    api: Client, peers: Peers, group: Group, values: dict[str, Any], reason: str
) -> None:
    volume = _member(group, **values)
    answer = _act(api, group, "delete", {"delete-volumes": True})
    assert answer.status == 400
    assert f"volume {volume.id} in it {reason}" in answer.sentence
    assert api("GET", f"/volumes/{volume.id}").json["volume"]["status"] == volume.status
    assert peers.volume.calls == []


def test_snapshots_keep_a_group(api: Client, group: Group) -> None:
    volume = _member(group)
    rows.snapshot(volume)
    answer = _act(api, group, "delete", {"delete-volumes": True})
    assert f"volume {volume.id} in it has snapshots." in answer.sentence


def test_a_status_keeps_a_group_without_force(api: Client, group: Group) -> None:
    groups.update(group.id, {"status": "updating"})
    assert _act(api, group, "delete", {}).status == 400
    assert _act(api, group, "delete", {"delete-volumes": True}).status == 202


def test_a_volume_can_not_be_deleted_by_itself(api: Client, group: Group) -> None:
    volume = _member(group)
    assert api("DELETE", f"/volumes/{volume.id}").status == 400


# --- other actions ---------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["creating", "available", "ERROR", "deleted", "error_deleting"])
def test_reset_status(api: Client, group: Group, status: str) -> None:
    assert _act(api, group, "reset_status", {"status": status}, version="3.20").status == 202
    assert api("GET", f"/groups/{group.id}").json["group"]["status"] == status.lower()


def test_reset_status_is_checked(api: Client, group: Group) -> None:
    assert _act(api, group, "reset_status", {"status": "in-use"}).status == 400
    assert _act(api, group, "reset_status", {"status": ""}).status == 400
    assert _act(api, group, "reset_status", {}).status == 400
    assert _act(api, group, "reset_status", {"status": "error"}, token=MEMBER).status == 403
    assert _act(api, group, "reset_status", {"status": "error"}, version="3.19").status == 404


_REPLICATION = [
    "enable_replication",
    "disable_replication",
    "failover_replication",
    "list_replication_targets",
]


@pytest.mark.parametrize("name", _REPLICATION)
def test_nothing_replicates(api: Client, silver: VolumeType, group: Group, name: str) -> None:
    answer = _act(api, group, name, {}, version="3.38")
    assert answer.status == 400
    assert answer.sentence.startswith("Invalid group type")
    assert _act(api, group, name, {}, version="3.37").status == 404
    kind = rows.group_type("twins", group_replication_enabled="<is> True")
    twins = rows.group(kind, silver, project_id=PROJECT)
    assert "does not replicate volumes" in _act(api, twins, name, {}).sentence


@pytest.mark.parametrize("body", [{}, {"a": {}, "b": {}}, {"nosuch": {}}, []])
def test_actions_that_there_are_not(api: Client, group: Group, body: Any) -> None:
    assert api("POST", f"/groups/{group.id}/action", body).status == 400
    assert api("POST", "/groups/action", body).status == 400


# --- copies ----------------------------------------------------------------------------------


def _copy(api: Client, **given: Any) -> Any:
    return api("POST", "/groups/action", {"create-from-src": given}, token=MEMBER)


def test_a_copy_of_a_group(api: Client, peers: Peers, group: Group) -> None:
    volume = _member(group, size=2, bootable=True)
    answer = _copy(api, source_group_id=group.id, name="copy")
    assert answer.status == 202
    made = answer.json["group"]
    assert made == {"id": made["id"], "name": "copy"}
    shown = api("GET", f"/groups/{made['id']}?list_volume=1").json["group"]
    assert (shown["status"], shown["source_group_id"]) == ("creating", group.id)
    assert shown["volume_types"] == list(group.volume_types)
    (copied,) = shown["volumes"]
    found = volumes.get(RequestContext(is_admin=True), copied)
    assert (found.source_volid, found.size, found.status) == (volume.id, 2, "creating")
    assert (found.host, found.bootable) == (volume.host, True)
    assert peers.volume.names == ["create_group_from_src"]
    usages = quotas.usages(PROJECT)
    assert [usages[name][1] for name in ("groups", "volumes", "gigabytes")] == [2, 2, 4]
    # What is being copied stays.
    assert "is being created from it" in _act(api, group, "delete", {}).sentence


def test_copies_that_can_not_be(api: Client, group: Group, option: SetOption) -> None:
    assert "nothing to copy" in _copy(api, source_group_id=group.id).sentence
    _member(group, status="error")
    assert "must be available or in-use" in _copy(api, source_group_id=group.id).sentence
    assert _copy(api, source_group_id=NOBODY).status == 404
    assert _copy(api, group_snapshot_id=NOBODY).status == 404
    assert _copy(api).status == 400
    assert _copy(api, source_group_id=group.id, group_snapshot_id=NOBODY).status == 400
    body = {"create-from-src": {"source_group_id": group.id}}
    assert api("POST", "/groups/action", body, version="3.13").status == 404


def test_without_room_nothing_is_copied(api: Client, group: Group, option: SetOption) -> None:
    _member(group)
    option("quota_volumes", 1)
    assert _copy(api, source_group_id=group.id).status == 413
    assert len(api("GET", "/groups").json["groups"]) == 1
    assert quotas.usages(PROJECT)["groups"][1] == 1


# --- new volumes of a group ------------------------------------------------------------------


def test_a_new_volume_of_a_group(api: Client, peers: Peers, group: Group) -> None:
    given = {"size": 1, "volume_type": "silver", "group_id": group.id}
    made = api("POST", "/volumes", {"volume": given}, token=MEMBER).json["volume"]
    assert made["group_id"] == group.id
    ((_, _, kwargs),) = peers.scheduler.calls
    assert kwargs["request_spec"]["resource_backend"] == "one@file"


def test_a_new_volume_of_a_group_before_there_are_groups(api: Client, group: Group) -> None:
    given = {"size": 1, "volume_type": "silver", "group_id": group.id}
    made = api("POST", "/volumes", {"volume": given}, version="3.0").json["volume"]
    assert api("GET", f"/volumes/{made['id']}").json["volume"]["group_id"] == group.id


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"volume_type": None}, 400),
        ({"volume_type": "__DEFAULT__"}, 400),
        ({"group_id": NOBODY}, 404),
        ({"group_id": "x"}, 404),
        ({"consistencygroup_id": NOBODY}, 404),
    ],
)
def test_volumes_that_a_group_does_not_take(
    api: Client, group: Group, change: dict[str, Any], status: int
) -> None:
    given = {"size": 1, "volume_type": "silver", "group_id": group.id, **change}
    assert api("POST", "/volumes", {"volume": given}).status == status


def test_a_group_that_is_being_deleted_takes_no_volumes(api: Client, group: Group) -> None:
    groups.update(group.id, {"status": "deleting"})
    given = {"size": 1, "volume_type": "silver", "group_id": group.id}
    answer = api("POST", "/volumes", {"volume": given})
    assert answer.status == 400
    assert "but is deleting" in answer.sentence
    with pytest.raises(exception.InvalidGroup):
        volumes.create({"project_id": PROJECT, "size": 1, "group_id": group.id})
    assert quotas.usages(PROJECT)["volumes"][1] == 0


# --- consistency groups ----------------------------------------------------------------------


def test_consistency_groups(api: Client, peers: Peers, silver: VolumeType) -> None:
    body = {"consistencygroup": {"name": " c ", "volume_types": "silver,", "extra": 1}}
    made = api("POST", "/consistencygroups", body, version="3.0", token=MEMBER)
    assert made.status == 202
    cg = made.json["consistencygroup"]
    assert cg == {"id": cg["id"], "name": "c"}
    url = f"/consistencygroups/{cg['id']}"
    shown = api("GET", url, version="3.0").json["consistencygroup"]
    assert sorted(shown) == sorted(
        ["id", "status", "availability_zone", "created_at", "name", "description", "volume_types"]
    )
    assert api("GET", "/consistencygroups").json == {"consistencygroups": [cg]}
    assert api("GET", "/consistencygroups/detail").json == {"consistencygroups": [shown]}
    # The API of groups does not speak of them.
    assert api("GET", "/groups").json == {"groups": []}
    assert api("GET", f"/groups/{cg['id']}").status == 400
    groups.update(cg["id"], {"status": "available", "host": "one@file#file"})
    change = {"consistencygroup": {"name": "d"}}
    assert api("PUT", url, change).status == 202
    assert (
        api("PUT", f"{url}/update", {"consistencygroup": {"name": ""}}, version="3.5").status == 400
    )
    assert api("PUT", url, {"consistencygroup": {"description": ""}}, version="3.6").status == 202
    volume = {"size": 1, "volume_type": "silver", "consistencygroup_id": cg["id"]}
    new = api("POST", "/volumes", {"volume": volume}, version="3.0").json["volume"]
    assert new["consistencygroup_id"] == cg["id"]
    assert api("POST", f"{url}/delete", {"consistencygroup": {"force": False}}).status == 400
    volumes.update(new["id"], {"status": "available"})
    assert api("POST", f"{url}/delete", {"consistencygroup": {"force": "true"}}).status == 202
    assert api("GET", url).status == 404, "its volume was nowhere yet"


def test_bodies_of_consistency_groups(api: Client, silver: VolumeType) -> None:
    for given in ({}, {"volume_types": ""}, {"volume_types": ","}):
        assert api("POST", "/consistencygroups", {"consistencygroup": given}).status == 400
    wrong = {"consistencygroup": {"volume_types": "nosuch"}}
    assert api("POST", "/consistencygroups", wrong).status == 404
    for given in ({}, {"cgsnapshot_id": NOBODY, "source_cgid": NOBODY}):
        body = {"consistencygroup-from-src": given}
        assert api("POST", "/consistencygroups/create_from_src", body).status == 400
    body = {"consistencygroup-from-src": {"source_cgid": NOBODY}}
    assert api("POST", "/consistencygroups/create_from_src", body).status == 404
    (cg_type,) = api("GET", "/group_types").json["group_types"]
    group_types.destroy(cg_type["id"])
    body = {"consistencygroup": {"volume_types": "silver"}}
    assert api("POST", "/consistencygroups", body).status == 400


def test_groups_are_seen_as_consistency_groups_too(api: Client, group: Group) -> None:
    assert api("GET", "/consistencygroups", token=ADMIN).json["consistencygroups"] == [
        {"id": group.id, "name": "herd"}
    ]
    assert api("DELETE", f"/consistencygroups/{group.id}").status == 202
