# SPDX-License-Identifier: Apache-2.0
"""/volumes: create, show, change, delete; who sees what."""

from __future__ import annotations

from typing import Any

import pytest

from cinder_lite import states
from cinder_lite.db import volume_types, volumes
from tests.unit import rows
from tests.unit.api.client import ADMIN, MEMBER, NOBODY, OTHER_PROJECT, PROJECT, STRANGER, Client
from tests.unit.api.conftest import Peers
from tests.unit.conftest import SetOption


def _create(api: Client, **volume: Any) -> Any:
    return api("POST", "/volumes", {"volume": volume})


# --- create ----------------------------------------------------------------------------------


def test_create(api: Client, peers: Peers) -> None:
    answer = _create(
        api,
        size=2,
        name="vol1",
        description="a description",
        metadata={"k1": "v1", "k2": "v2"},
        availability_zone="nova",
    )
    assert answer.status == 202
    made = answer.json["volume"]
    assert (made["status"], made["size"], made["updated_at"]) == ("creating", 2, None)
    assert (made["name"], made["description"]) == ("vol1", "a description")
    assert made["metadata"] == {"k1": "v1", "k2": "v2"}
    assert (made["volume_type"], made["user_id"]) == ("__DEFAULT__", "admin")
    assert peers.scheduler.names == ["create_volume"]
    shown = api("GET", f"/volumes/{made['id']}").json["volume"]
    assert {key: shown[key] for key in made} == made
    assert shown["os-vol-tenant-attr:tenant_id"] == PROJECT


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"size": "1"}, {"size": 1}),
        ({"name": "  x  "}, {"name": "x"}),
        ({"name": ""}, {"name": ""}),
        ({"name": "n" * 255}, {"name": "n" * 255}),
        ({"display_name": "dn", "display_description": "dd"}, {"name": "dn", "description": "dd"}),
        ({"name": "n", "display_name": "dn"}, {"name": "n"}),
        ({"metadata": None}, {"metadata": {}}),
        ({"volume_type": ""}, {"volume_type": "__DEFAULT__"}),
        ({"volume_type": "__DEFAULT__"}, {"volume_type": "__DEFAULT__"}),
        ({"multiattach": False}, {"multiattach": False}),
        (
            {
                "consistencygroup_id": None,
                "snapshot_id": None,
                "name": "cc",
                "description": None,
                "volume_type": None,
                "availability_zone": None,
                "metadata": {},
                "imageRef": None,
                "source_volid": None,
                "backup_id": None,
            },
            {"name": "cc", "availability_zone": "nova"},
        ),
    ],
)
def test_create_forms(api: Client, given: dict[str, Any], shown: dict[str, Any]) -> None:
    answer = _create(api, **{"size": 1, **given})
    assert answer.status == 202
    assert {key: answer.json["volume"][key] for key in shown} == shown


def test_create_with_a_type_by_name_and_by_id(api: Client, peers: Peers) -> None:
    kind = volume_types.create({"name": "gold"}, {"multiattach": "<is> True"})
    for name in ("gold", kind.id, kind.id.upper()):
        made = _create(api, size=1, volume_type=name).json["volume"]
        assert (made["volume_type"], made["volume_type_id"]) == ("gold", kind.id)
        assert made["multiattach"] is True


def test_create_hands_the_hints_to_the_scheduler(api: Client, peers: Peers) -> None:
    body = {"volume": {"size": 1}, "OS-SCH-HNT:scheduler_hints": {"same_host": [NOBODY]}}
    assert api("POST", "/volumes", body).status == 202
    assert api("POST", "/volumes", {**body, "OS-SCH-HNT:scheduler_hints": None}).status == 202
    properties = [call[2]["filter_properties"] for call in peers.scheduler.calls]
    assert [p["scheduler_hints"] for p in properties] == [{"same_host": [NOBODY]}, {}]


IN_SIZE = "Invalid input for field/attribute size. Value: "


@pytest.mark.parametrize(
    ("volume", "sentence"),
    [
        ({}, "The volume's size is missing: give it in GiB."),
        ({"size": None}, "The volume's size is missing: give it in GiB."),
        ({"size": 0}, IN_SIZE + "0. 0 is less than the minimum of 1"),
        ({"size": -1}, IN_SIZE + "-1. -1 is less than the minimum of 1"),
        ({"size": "0"}, IN_SIZE + "0. 0 is less than the minimum of 1"),
        ({"size": "abc"}, IN_SIZE + "abc. 'abc' does not match '^[0-9]+$'"),
        ({"size": " 1"}, IN_SIZE + " 1. ' 1' does not match '^[0-9]+$'"),
        ({"size": ""}, IN_SIZE + ". '' does not match '^[0-9]+$'"),
        ({"size": 1.5}, IN_SIZE + "1.5. 1.5 is not of type 'integer', 'string', 'null'"),
        ({"size": True}, IN_SIZE + "True. True is not of type 'integer', 'string', 'null'"),
        ({"size": [1]}, IN_SIZE + "[1]. [1] is not of type 'integer', 'string', 'null'"),
        (
            {"size": 2**31},
            IN_SIZE + "2147483648. 2147483648 is greater than the maximum of 2147483647",
        ),
        (
            {"size": str(2**31)},
            IN_SIZE + "2147483648. 2147483648 is greater than the maximum of 2147483647",
        ),
        (
            {"size": 1, "bogus": 1},
            "Invalid input for field/attribute volume. Value: {'size': 1, 'bogus': 1}. "
            "Additional properties are not allowed ('bogus' was unexpected)",
        ),
        (
            {"size": 1, "name": "n" * 256},
            "Invalid input received: name has 256 characters, more than 255.",
        ),
        (
            {"size": 1, "description": "d" * 256},
            "Invalid input received: description has 256 characters, more than 255.",
        ),
        (
            {"size": 1, "name": 5},
            "Invalid input for field/attribute name. Value: 5. 5 is not of type 'string', 'null'",
        ),
        (
            {"size": 1, "metadata": []},
            "Invalid input for field/attribute metadata. Value: []. "
            "[] is not of type 'object', 'null'",
        ),
        (
            {"size": 1, "metadata": {"k": 1}},
            "Invalid input for field/attribute k. Value: 1. 1 is not of type 'string'",
        ),
        (
            {"size": 1, "metadata": {"": "v"}},
            "Invalid input for field/attribute metadata. Value: {'': 'v'}. '' does not match any "
            "of the regexes: '^[a-zA-Z0-9-_:. /]{1,255}$'",
        ),
        (
            {"size": 1, "availability_zone": ""},
            "Invalid input for field/attribute availability_zone. Value: . '' should be non-empty",
        ),
        (
            {"size": 1, "availability_zone": "mars"},
            "Availability zone 'mars' is invalid.",
        ),
        (
            {"size": 1, "multiattach": "maybe"},
            "Invalid input for field/attribute multiattach. Value: maybe. 'maybe' is not valid "
            "under any of the given schemas",
        ),
        ({"size": 1, "multiattach": None}, "Value 'None' for 'multiattach' is not a boolean."),
        (
            {"size": 1, "snapshot_id": "x"},
            "Invalid input for field/attribute snapshot_id. Value: x. 'x' is not valid under any "
            "of the given schemas",
        ),
        (
            {"size": 1, "imageRef": "x y"},
            "Invalid image identifier or unable to access requested image.",
        ),
    ],
)
def test_create_refuses(api: Client, peers: Peers, volume: dict[str, Any], sentence: str) -> None:
    answer = _create(api, **volume)
    assert (answer.status, answer.sentence) == (400, sentence)
    assert peers.scheduler.calls == []


def test_a_long_value_is_shortened_in_the_sentence(api: Client) -> None:
    answer = _create(api, size=1, metadata={"k": "v" * 100_000})
    assert answer.status == 400
    assert answer.sentence.endswith("' is too long")
    assert len(answer.sentence) < 1100


@pytest.mark.parametrize(
    ("volume", "sentence"),
    [
        ({"volume_type": "nosuch"}, "Volume type with name nosuch could not be found."),
        ({"volume_type": NOBODY}, f"Volume type {NOBODY} could not be found."),
        ({"snapshot_id": NOBODY}, f"Snapshot {NOBODY} could not be found."),
        ({"source_volid": NOBODY}, f"Volume {NOBODY} could not be found."),
        ({"consistencygroup_id": NOBODY}, f"Group {NOBODY} could not be found."),
        ({"group_id": NOBODY}, f"Group {NOBODY} could not be found."),
        ({"backup_id": NOBODY}, f"Backup {NOBODY} could not be found."),
    ],
)
def test_create_from_what_does_not_exist(
    api: Client, volume: dict[str, Any], sentence: str
) -> None:
    answer = _create(api, size=1, **volume)
    assert (answer.status, answer.sentence) == (404, sentence)


@pytest.mark.parametrize(("version", "status"), [("3.0", 202), ("3.52", 202), ("3.53", 400)])
def test_what_a_creation_does_not_know_is_refused_from_3_53_on(
    api: Client, version: str, status: int
) -> None:
    body = {"volume": {"size": 1, "bogus": 1}}
    assert api("POST", "/volumes", body, version=version).status == status


@pytest.mark.parametrize(
    ("version", "volume", "status"),
    [
        ("3.12", {"group_id": "x"}, 404),
        ("3.12", {"group_id": 5}, 404),
        ("3.12", {"group_id": None}, 202),
        ("3.13", {"group_id": "x"}, 404),
        ("3.13", {"group_id": 5}, 400),
        ("3.13", {"group_id": "x" * 256}, 400),
        ("3.46", {"backup_id": "x"}, 404),
        ("3.46", {"backup_id": ""}, 202),
        ("3.47", {"backup_id": "x"}, 400),
    ],
)
def test_groups_and_backups_are_read_before_they_are_described(
    api: Client, version: str, volume: dict[str, Any], status: int
) -> None:
    body = {"volume": {"size": 1, **volume}}
    assert api("POST", "/volumes", body, version=version).status == status


def test_a_backup_says_how_large_its_volume_is(api: Client) -> None:
    assert _create(api, backup_id=NOBODY).status == 404


def test_multiattach_is_a_matter_of_the_type(api: Client) -> None:
    answer = _create(api, size=1, multiattach=True)
    assert answer.status == 400
    assert "choose a type" in answer.sentence


def test_create_over_quota(api: Client, option: SetOption) -> None:
    option("quota_gigabytes", 1)
    answer = _create(api, size=2)
    assert answer.status == 413
    assert answer.headers["Retry-After"] == "0"
    assert answer.json["overLimit"]["retryAfter"] == "0"
    assert "Requested 2G" in answer.sentence
    option("quota_volumes", 0)
    assert _create(api, size=1).status == 413
    option("per_volume_size_limit", 1)
    assert _create(api, size=2).status == 413


def test_create_when_the_broker_is_gone(api: Client, peers: Peers) -> None:
    peers.scheduler.answers["create_volume"] = OSError("broker")
    answer = _create(api, size=1)
    assert answer.status == 503
    assert "message broker" in answer.sentence
    assert api("GET", "/volumes").json == {"volumes": []}


# --- show and lists: who sees what -----------------------------------------------------------


@pytest.mark.parametrize("name", [NOBODY, "nouuid", " "])
def test_show_of_no_volume(api: Client, name: str) -> None:
    for method in ("GET", "DELETE"):
        answer = api(method, f"/volumes/{name}")
        assert (answer.status, answer.sentence) == (404, f"Volume {name} could not be found.")


def test_another_projects_volume_is_not_there(api: Client) -> None:
    volume = rows.volume(project_id=PROJECT)
    path = f"/v3/{OTHER_PROJECT}/volumes/{volume.id}"
    calls: list[tuple[str, str, Any]] = [
        ("GET", path, None),
        ("DELETE", path, None),
        ("PUT", path, {"volume": {"name": "x"}}),
        ("GET", f"{path}/metadata", None),
        ("POST", f"{path}/metadata", {"metadata": {"a": "b"}}),
        ("POST", f"{path}/action", {"os-migrate_volume": {"host": "two@file#file"}}),
        ("POST", f"{path}/action", {"os-reset_status": {"status": "error"}}),
        ("POST", f"{path}/action", {"os-force_delete": {}}),
    ]
    for method, url, body in calls:
        answer = api(method, url, body, token=STRANGER)
        assert (answer.status, answer.sentence) == (
            404,
            f"Volume {volume.id} could not be found.",
        )
    assert api("GET", f"/v3/{OTHER_PROJECT}/volumes", token=STRANGER).json == {"volumes": []}


def test_an_administrator_sees_every_projects(api: Client) -> None:
    mine = rows.volume(project_id=PROJECT)
    other = rows.volume(project_id=OTHER_PROJECT)
    assert api("GET", f"/volumes/{other.id}").status == 200

    def ids(query: str, token: str = ADMIN) -> list[str]:
        answer = api("GET", f"/volumes{query}", token=token)
        return [volume["id"] for volume in answer.json["volumes"]]

    assert ids("") == [mine.id]
    assert ids("?all_tenants=1") == [other.id, mine.id]
    assert ids("?all_tenants=true") == [other.id, mine.id]
    assert ids("?all_tenants=0") == [mine.id]
    assert ids(f"?all_tenants=1&project_id={OTHER_PROJECT}") == [other.id]
    assert ids(f"?project_id={OTHER_PROJECT}") == [mine.id]
    assert ids("?all_tenants=1", MEMBER) == [mine.id]
    assert ids("?all_tenants=maybe", MEMBER) == [mine.id]
    answer = api("GET", "/volumes?all_tenants=maybe")
    assert answer.sentence == "Value 'maybe' for 'all_tenants' is not a boolean."


@pytest.mark.parametrize(
    "temporary",
    [
        {"migration_status": f"target:{NOBODY}", "use_quota": False},
        {"migration_status": "deleting", "status": "deleting", "use_quota": False},
    ],
)
def test_the_rows_of_a_move_are_hidden_from_members(api: Client, temporary: dict[str, Any]) -> None:
    seen = rows.volume(project_id=PROJECT)
    hidden = rows.volume(project_id=PROJECT, **temporary)
    assert len(api("GET", "/volumes").json["volumes"]) == 2
    assert api("GET", f"/volumes/{hidden.id}").status == 200
    listed = api("GET", "/volumes?with_count=1", token=MEMBER).json
    assert [volume["id"] for volume in listed["volumes"]] == [seen.id]
    assert listed["count"] == 1
    summary = api("GET", "/volumes/summary", token=MEMBER).json["volume-summary"]
    assert summary["total_count"] == 1
    for method, path, body in (
        ("GET", "", None),
        ("DELETE", "", None),
        ("PUT", "", {"volume": {"name": "x"}}),
        ("GET", "/metadata", None),
        ("POST", "/action", {"os-force_delete": {}}),
    ):
        answer = api(method, f"/volumes/{hidden.id}{path}", body, token=MEMBER)
        assert answer.status == 404


def test_a_volume_that_is_being_deleted_by_its_owner_is_listed(api: Client) -> None:
    rows.volume(project_id=PROJECT, status="deleting")
    assert len(api("GET", "/volumes", token=MEMBER).json["volumes"]) == 1


def test_summary(api: Client) -> None:
    volumes.create({"size": 1, "project_id": PROJECT, "status": "available"}, {"k1": "v1"})
    volumes.create({"size": 2, "project_id": PROJECT, "status": "available"}, {"k1": "v2"})
    rows.volume(project_id=OTHER_PROJECT, size=5)
    summary = api("GET", "/volumes/summary").json
    assert summary == {
        "volume-summary": {"total_count": 2, "total_size": 3, "metadata": {"k1": ["v1", "v2"]}}
    }
    assert "metadata" not in api("GET", "/volumes/summary", version="3.35").json["volume-summary"]
    everything = api("GET", "/volumes/summary?all_tenants=1").json["volume-summary"]
    assert (everything["total_count"], everything["total_size"]) == (3, 8)


# --- update ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"name": "renamed"}, {"name": "renamed", "description": None}),
        ({"name": None}, {"name": None}),
        ({"name": "  y  "}, {"name": "y"}),
        ({"display_name": "dn"}, {"name": "dn"}),
        ({"display_name": "dn", "name": "n"}, {"name": "n"}),
        ({"description": "d2"}, {"name": "data", "description": "d2"}),
        ({"display_description": "dd"}, {"description": "dd"}),
        ({"metadata": {"a": "b"}}, {"metadata": {"a": "b"}, "name": "data"}),
        ({"metadata": {}}, {"metadata": {}}),
    ],
)
def test_update(api: Client, given: dict[str, Any], shown: dict[str, Any]) -> None:
    volume = rows.volume(project_id=PROJECT)
    answer = api("PUT", f"/volumes/{volume.id}", {"volume": given}, token=MEMBER)
    assert answer.status == 200
    assert {key: answer.json["volume"][key] for key in shown} == shown


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "'volume' is a required property"),
        (
            {"volume": {}},
            "Invalid input for field/attribute volume. Value: {}. {} is not valid under any of "
            "the given schemas",
        ),
        (
            {"volume": {"status": "error"}},
            "Invalid input for field/attribute volume. Value: {'status': 'error'}. "
            "Additional properties are not allowed ('status' was unexpected)",
        ),
        (
            {"volume": {"metadata": None}},
            "Invalid input for field/attribute metadata. Value: None. None is not of type 'object'",
        ),
        (
            {"volume": {"name": "n" * 256}},
            "Invalid input received: name has 256 characters, more than 255.",
        ),
        (
            {"volume": {"name": "z"}, "x": 1},
            "Additional properties are not allowed ('x' was unexpected)",
        ),
    ],
)
def test_update_refuses(api: Client, body: dict[str, Any], sentence: str) -> None:
    volume = rows.volume(project_id=PROJECT)
    answer = api("PUT", f"/volumes/{volume.id}", body)
    assert (answer.status, answer.sentence) == (400, sentence)


def test_an_empty_update_is_allowed_before_3_53(api: Client) -> None:
    volume = rows.volume(project_id=PROJECT)
    answer = api("PUT", f"/volumes/{volume.id}", {"volume": {}}, version="3.52")
    assert answer.status == 200
    missing = api("PUT", f"/volumes/{NOBODY}", {"volume": {}}, version=None)
    assert missing.status == 404


def test_a_locked_volume_is_not_changed(api: Client) -> None:
    volume = rows.volume(project_id=PROJECT, status=states.MAINTENANCE)
    answer = api("PUT", f"/volumes/{volume.id}", {"volume": {"name": "x"}})
    assert answer.status == 400
    assert "maintenance" in answer.sentence


# --- delete ----------------------------------------------------------------------------------


def test_delete(api: Client, peers: Peers) -> None:
    volume = rows.volume(project_id=PROJECT)
    answer = api("DELETE", f"/volumes/{volume.id}", token=MEMBER)
    assert (answer.status, answer.raw) == (202, b"")
    assert peers.volume.names == ["delete_volume"]
    assert api("GET", f"/volumes/{volume.id}").json["volume"]["status"] == "deleting"
    again = api("DELETE", f"/volumes/{volume.id}")
    assert again.status == 400
    assert "deleting" in again.sentence


@pytest.mark.parametrize(
    ("query", "version", "status"),
    [
        ("?cascade=true", "3.71", 202),
        ("?cascade=maybe", "3.71", 400),
        ("?force=true", "3.23", 202),
        ("?force=maybe", "3.71", 400),
        ("?force=maybe", "3.22", 202),
        ("?bogus=1", "3.71", 202),
    ],
)
def test_delete_options(api: Client, query: str, version: str, status: int) -> None:
    volume = rows.volume(project_id=PROJECT)
    answer = api("DELETE", f"/volumes/{volume.id}{query}", version=version)
    assert answer.status == status
    if status == 400:
        assert answer.sentence.startswith("Value 'maybe' for '")


def test_a_member_may_not_force_a_deletion(api: Client) -> None:
    volume = rows.volume(project_id=PROJECT, status="creating")
    answer = api("DELETE", f"/volumes/{volume.id}?force=true", token=MEMBER)
    assert answer.status == 403
    assert answer.json == {
        "forbidden": {
            "code": 403,
            "message": "Policy doesn't allow volume:force_delete to be performed.",
        }
    }
    assert api("DELETE", f"/volumes/{volume.id}?force=true").status == 202


# --- metadata --------------------------------------------------------------------------------


def test_metadata(api: Client) -> None:
    url = f"/volumes/{rows.volume(project_id=PROJECT).id}/metadata"
    steps: list[tuple[str, str, Any, int, Any]] = [
        ("GET", "", None, 200, {"metadata": {}}),
        ("POST", "", {"metadata": {"a": "1", "b": "2"}}, 200, {"metadata": {"a": "1", "b": "2"}}),
        ("GET", "", None, 200, {"metadata": {"a": "1", "b": "2"}}),
        ("GET", "/a", None, 200, {"meta": {"a": "1"}}),
        ("PUT", "/a", {"meta": {"a": "9"}}, 200, {"meta": {"a": "9"}}),
        ("POST", "", {"metadata": {}}, 200, {"metadata": {"a": "9", "b": "2"}}),
        ("PUT", "", {"metadata": {"c": "3"}}, 200, {"metadata": {"c": "3"}}),
        ("GET", "", None, 200, {"metadata": {"c": "3"}}),
    ]
    for method, path, body, status, content in steps:
        answer = api(method, url + path, body, token=MEMBER)
        assert (answer.status, answer.json) == (status, content)
    assert api("DELETE", f"{url}/c").status == 200
    assert api("DELETE", f"{url}/c").status == 404
    assert api("GET", f"{url}/zz").sentence.endswith("has no metadata with key zz.")
    assert api("PUT", f"{url}/a", {"meta": {"b": "9"}}).status == 400
    assert api("PUT", f"{url}/a", {"meta": {}}).sentence == (
        "Invalid input for field/attribute meta. Value: {}. {} should be non-empty"
    )
    assert api("POST", url, {}).sentence == "'metadata' is a required property"
    assert api("DELETE", url).status == 404


# --- create from a source ------------------------------------------------------------------------


def test_create_from_a_snapshot(api: Client, peers: Peers) -> None:
    source = rows.volume(project_id=PROJECT, size=2, bootable=True, host="one@file#file")
    snapshot = rows.snapshot(source)
    made = _create(api, snapshot_id=snapshot.id).json["volume"]
    assert (made["snapshot_id"], made["size"], made["bootable"]) == (snapshot.id, 2, "true")
    _, _, arguments = peers.scheduler.calls[0]
    assert arguments["snapshot_id"] == snapshot.id
    assert arguments["request_spec"]["resource_backend"] == "one@file#file"


def test_create_from_a_volume_may_be_larger(api: Client, peers: Peers) -> None:
    source = rows.volume(project_id=PROJECT, size=2, status=states.IN_USE)
    made = _create(api, source_volid=source.id, size=3).json["volume"]
    assert (made["source_volid"], made["size"]) == (source.id, 3)
    spec = peers.scheduler.calls[0][2]["request_spec"]
    assert (spec["source_volid"], spec["resource_backend"]) == (source.id, "one@file#file")


def test_a_copy_of_another_type_goes_where_the_scheduler_wants(api: Client, peers: Peers) -> None:
    source = rows.volume(project_id=PROJECT)
    assert _create(api, source_volid=source.id, volume_type="__DEFAULT__").status == 202
    assert "resource_backend" not in peers.scheduler.calls[0][2]["request_spec"]


@pytest.mark.parametrize(
    ("values", "asked", "why"),
    [
        ({"status": states.ERROR}, {}, "must be available or in-use, but is error"),
        ({"migration_status": states.MIGRATION_STARTING}, {}, "is moving to another backend"),
        ({"size": 2}, {"size": 1}, "cannot be smaller than the 2 GB of source volume"),
        ({}, {"snapshot_id": NOBODY}, "could not be found"),
    ],
)
def test_sources_that_refuse(
    api: Client, values: dict[str, Any], asked: dict[str, Any], why: str
) -> None:
    source = rows.volume(project_id=PROJECT, **values)
    answer = _create(api, source_volid=source.id, **asked)
    assert answer.status in (400, 404)
    assert why in answer.sentence


@pytest.mark.parametrize("status", [states.CREATING, states.DELETING, states.ERROR])
def test_snapshots_that_refuse(api: Client, status: str) -> None:
    snapshot = rows.snapshot(rows.volume(project_id=PROJECT), status=status)
    answer = _create(api, snapshot_id=snapshot.id, size=1)
    assert answer.status == 400
    assert f"must be available, but is {status}" in answer.sentence


def test_sources_of_other_projects_are_not_there(api: Client) -> None:
    source = rows.volume(project_id=OTHER_PROJECT)
    snapshot = rows.snapshot(source)
    for asked in ({"source_volid": source.id}, {"snapshot_id": snapshot.id}):
        answer = api("POST", "/volumes", {"volume": asked}, token=MEMBER)
        assert answer.status == 404
