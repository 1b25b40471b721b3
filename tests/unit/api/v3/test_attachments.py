# SPDX-License-Identifier: Apache-2.0
"""/attachments and the older actions on the wire: fields, statuses, microversions, owners."""

from __future__ import annotations

from typing import Any

import pytest

from cinder_lite.api import deps
from cinder_lite.db import volume_attachments, volumes
from cinder_lite.objects import Volume
from tests.unit import rows
from tests.unit.api.client import MEMBER, NOBODY, OTHER_PROJECT, PROJECT, STRANGER, Client
from tests.unit.api.conftest import Peers
from tests.unit.volume.attachments.place import OTHER_SERVER, SERVER, Place, connector

NEW = "3.44"


@pytest.fixture
def volume(api: Client, peers: Peers) -> Volume:
    """A volume, whose service is a stand-in that lets everybody in."""
    place = Place()
    deps.volume_api()._volume = place
    return rows.volume(project_id=PROJECT)


def reserved(api: Client, volume: Volume, **more: Any) -> dict[str, Any]:
    """Create an attachment and return it."""
    body = {"attachment": {"volume_uuid": volume.id, "instance_uuid": SERVER, **more}}
    answer = api("POST", "/attachments", body, version=NEW, token=MEMBER)
    assert answer.status == 200, answer.raw
    made: dict[str, Any] = answer.json["attachment"]
    return made


def _now(volume: Volume) -> Volume:
    from cinder_lite.context import admin_context

    return volumes.get(admin_context(), volume.id)


def test_the_answers_that_nova_was_recorded_with(api: Client, volume: Volume) -> None:
    made = reserved(api, volume, connector=None)
    assert made == {
        "id": made["id"],
        "status": "reserved",
        "instance": SERVER,
        "volume_id": volume.id,
        "attached_at": "",
        "detached_at": "",
        "attach_mode": "null",
        "connection_info": {},
    }
    path = f"/attachments/{made['id']}"
    body = {"attachment": {"connector": connector("compute1", mountpoint="/dev/sdb")}}
    updated = api("PUT", path, body, version=NEW, token=MEMBER)
    assert updated.status == 200
    answered = updated.json["attachment"]
    info = answered.pop("connection_info")
    assert answered == {k: v for k, v in made.items() if k != "connection_info"}
    assert info["driver_volume_type"] == "iscsi"
    assert {"access_mode", "attachment_id", "encrypted", "enforce_multipath", "qos_specs"} <= set(
        info
    )
    shown = api("GET", path, version=NEW, token=MEMBER).json["attachment"]
    assert (shown["status"], shown["attached_at"][:2]) == ("attaching", "20")

    done = api("POST", f"{path}/action", {"os-complete": None}, version=NEW, token=MEMBER)
    assert (done.status, done.raw) == (204, b"")
    listed = api("GET", f"/attachments?instance_id={SERVER}", version=NEW, token=MEMBER)
    assert listed.json == {
        "attachments": [
            {"id": made["id"], "instance": SERVER, "status": "attached", "volume_id": volume.id}
        ]
    }
    gone = api("DELETE", path, version=NEW, environ={"HTTP_X_SERVICE_ROLES": "service"})
    assert (gone.status, gone.json) == (200, {"attachments": []})
    assert gone.headers["Content-Type"] == "application/json"
    assert api("GET", path, version=NEW).status == 404


def test_the_volume_names_its_server(api: Client, volume: Volume) -> None:
    made = reserved(api, volume, connector=connector("compute1", mountpoint="/dev/sdb"))
    url = f"/volumes/{volume.id}"
    assert api("GET", url).json["volume"]["attachments"] == []
    api("POST", f"/attachments/{made['id']}/action", {"os-complete": None})
    for token, host in ((MEMBER, None), ("admin:" + PROJECT, "compute1")):
        [one] = api("GET", url, token=token).json["volume"]["attachments"]
        since = one.pop("attached_at")
        assert since.startswith("20")
        assert one == {
            "id": volume.id,
            "attachment_id": made["id"],
            "volume_id": volume.id,
            "server_id": SERVER,
            "host_name": host,
            "device": "/dev/sdb",
        }
        [listed] = api("GET", "/volumes/detail", token=token).json["volumes"]
        assert [a["host_name"] for a in listed["attachments"]] == [host]


@pytest.mark.parametrize(
    ("method", "path", "body", "least"),
    [
        ("GET", "/attachments", None, 27),
        ("POST", "/attachments", {"attachment": {"volume_uuid": NOBODY}}, 27),
        ("POST", f"/attachments/{NOBODY}/action", {"os-complete": {}}, 44),
    ],
)
def test_microversions(api: Client, method: str, path: str, body: Any, least: int) -> None:
    before = api(method, path, body, version=f"3.{least - 1}")
    assert (before.status, "could not be found" in before.sentence) == (404, True)
    after = api(method, path, body, version=f"3.{least}")
    assert after.status == 200 or NOBODY in after.sentence


@pytest.mark.parametrize(
    ("version", "attachment", "status"),
    [
        ("3.27", {"instance_uuid": SERVER}, 400),
        ("3.27", {"volume_uuid": "x"}, 400),
        ("3.27", {"volume_uuid": NOBODY, "mode": "ro"}, 400),
        ("3.54", {"volume_uuid": NOBODY, "mode": "ro"}, 404),
        ("3.54", {"volume_uuid": NOBODY, "mode": "null"}, 400),
        ("3.27", {"volume_uuid": NOBODY, "connector": "x"}, 400),
        ("3.27", {"volume_uuid": NOBODY}, 404),
    ],
)
def test_bad_creations(api: Client, version: str, attachment: Any, status: int) -> None:
    answer = api("POST", "/attachments", {"attachment": attachment}, version=version)
    assert answer.status == status


def test_a_mode_of_its_own(api: Client, volume: Volume) -> None:
    body = {"attachment": {"volume_uuid": volume.id, "mode": "ro"}}
    made = api("POST", "/attachments", body, version="3.54").json["attachment"]
    assert (made["attach_mode"], made["instance"]) == ("ro", None)


@pytest.mark.parametrize("body", [{}, {"os-nope": {}}, [], {"attachment": {"connector": {}}}])
def test_bad_actions(api: Client, volume: Volume, body: Any) -> None:
    made = reserved(api, volume)
    assert api("POST", f"/attachments/{made['id']}/action", body).status == 400
    assert api("PUT", f"/attachments/{made['id']}", body or {"x": 1}).status == 400


def test_other_projects_see_nothing(api: Client, volume: Volume) -> None:
    made = reserved(api, volume)
    path = f"/attachments/{made['id']}"

    def stranger(method: str, url: str, body: Any = None) -> int:
        return api(method, "/v3" + url, body, token=STRANGER).status

    assert stranger("GET", path) == 404
    assert stranger("DELETE", path) == 404
    assert stranger("PUT", path, {"attachment": {"connector": {"host": "h"}}}) == 404
    assert stranger("POST", f"{path}/action", {"os-complete": {}}) == 404
    assert stranger("POST", "/attachments", {"attachment": {"volume_uuid": volume.id}}) == 404
    assert api("GET", "/v3/attachments", token=STRANGER).json == {"attachments": []}
    assert len(volume_attachments.of_volume(volume.id)) == 1


def test_lists(api: Client, volume: Volume) -> None:
    other = rows.volume(project_id=PROJECT)
    first = reserved(api, volume)
    second = reserved(api, other, instance_uuid=OTHER_SERVER)

    def ids(query: str) -> list[str]:
        found = api("GET", f"/attachments{query}", token=MEMBER).json["attachments"]
        return [one["id"] for one in found]

    assert ids("?sort=created_at:asc") == [first["id"], second["id"]]
    assert ids(f"?volume_id={other.id}") == [second["id"]]
    assert ids(f"?instance_id={SERVER}") == [first["id"]]
    assert ids("?status=reserved&limit=1") == [second["id"]]
    assert ids(f"?marker={second['id']}") == [first["id"]]
    assert ids("?attach_status=attached") == []
    assert api("GET", "/attachments?nope=1", token=MEMBER).status == 400
    assert api("GET", f"/attachments?marker={NOBODY}", token=MEMBER).status == 404
    [whole, _] = api("GET", "/attachments/detail").json["attachments"]
    assert whole["connection_info"] == {}


def test_a_project_is_a_filter_of_all_projects_attachments_only(
    api: Client, volume: Volume
) -> None:
    made = reserved(api, volume)

    def ids(query: str) -> list[str]:
        return [one["id"] for one in api("GET", f"/attachments{query}").json["attachments"]]

    assert ids(f"?project_id={OTHER_PROJECT}") == [made["id"]]
    assert ids(f"?project_id={OTHER_PROJECT}&all_tenants=1") == []
    assert ids(f"?project_id={PROJECT}&all_tenants=1") == [made["id"]]
    assert ids("?project_id=&all_tenants=1") == [made["id"]]
    assert ids("?nope=1") == []


@pytest.mark.parametrize(
    ("version", "query", "status"),
    [
        ("3.30", "nope=1", 200),
        ("3.31", "nope=1", 400),
        ("3.31", "all_tenants=1", 200),
        ("3.31", "status=reserved", 200),
        ("3.34", "volume_id~=dead", 400),
    ],
)
def test_filters_of_members(api: Client, version: str, query: str, status: int) -> None:
    answer = api("GET", f"/attachments?{query}", version=version, token=MEMBER)
    assert answer.status == status


# --- the older actions -----------------------------------------------------------------------


def test_the_old_way(api: Client, volume: Volume) -> None:
    def act(name: str, content: Any = None) -> Any:
        return api.action(volume.id, name, content, token=MEMBER, version=None)

    assert act("os-reserve").status == 202
    assert _now(volume).status == "attaching"
    info = act("os-initialize_connection", {"connector": connector("compute1")})
    assert info.status == 200
    assert set(info.json["connection_info"]) == {"driver_volume_type", "data", "enforce_multipath"}
    where = {"instance_uuid": SERVER, "mountpoint": "/dev/vdb"}
    assert act("os-attach", where).status == 202
    assert _now(volume).status == "in-use"
    shown = api("GET", f"/volumes/{volume.id}", token=MEMBER).json["volume"]
    assert shown["attachments"][0]["server_id"] == SERVER
    assert shown["metadata"] == {"readonly": "False", "attached_mode": "rw"}
    assert act("os-begin_detaching").status == 202
    assert act("os-roll_detaching").status == 202
    assert act("os-begin_detaching").status == 202
    assert _now(volume).status == "detaching"
    assert act("os-terminate_connection", {"connector": connector("compute1")}).status == 202
    assert act("os-detach", {"attachment_id": None}).status == 202
    now = _now(volume)
    assert (now.status, now.attach_status) == ("available", "detached")
    shown = api("GET", f"/volumes/{volume.id}", token=MEMBER).json["volume"]
    assert shown["metadata"] == {"readonly": "False"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("os-attach", {"mountpoint": "/m"}),
        ("os-attach", {"instance_uuid": SERVER}),
        ("os-attach", {"instance_uuid": "x", "mountpoint": "/m"}),
        ("os-attach", {"host_name": "h", "mountpoint": "/m", "mode": "rx"}),
        ("os-detach", {"attachment_id": "x"}),
        ("os-detach", "x"),
        ("os-initialize_connection", {}),
        ("os-initialize_connection", {"connector": "text"}),
        ("os-terminate_connection", {}),
        ("os-update_readonly_flag", {"readonly": "perhaps"}),
        ("os-begin_detaching", {}),
        ("os-retype", {}),
        ("os-retype", {"new_type": "__DEFAULT__", "migration_policy": "sometimes"}),
    ],
)
def test_what_is_refused(api: Client, volume: Volume, name: str, content: Any) -> None:
    assert api.action(volume.id, name, content, token=MEMBER).status == 400
    assert _now(volume).status == "available"


def test_a_reservation_given_back(api: Client, volume: Volume) -> None:
    assert api.action(volume.id, "os-reserve").status == 202
    assert api.action(volume.id, "os-reserve").status == 400
    assert api.action(volume.id, "os-unreserve").status == 202
    assert api.action(volume.id, "os-unreserve").status == 202
    assert _now(volume).status == "available"


def test_read_only(api: Client, volume: Volume) -> None:
    assert api.action(volume.id, "os-update_readonly_flag", {"readonly": True}).status == 202
    [shown] = api("GET", "/volumes/detail").json["volumes"]
    assert shown["metadata"] == {"readonly": "True"}
    where = {"host_name": "h", "mountpoint": "/m"}
    refused = api.action(volume.id, "os-attach", where)
    assert (refused.status, "Invalid attaching mode 'rw'" in refused.sentence) == (400, True)
    assert api.action(volume.id, "os-attach", {**where, "mode": "ro"}).status == 202
    assert api.action(volume.id, "os-update_readonly_flag", {"readonly": False}).status == 400


def test_only_administrators_detach_by_force(api: Client, volume: Volume) -> None:
    where = {"host_name": "h", "mountpoint": "/m"}
    api.action(volume.id, "os-attach", where)
    assert api.action(volume.id, "os-force_detach", {}, token=MEMBER).status == 403
    assert api.action(volume.id, "os-force_detach", {}).status == 202
    assert _now(volume).status == "available"
