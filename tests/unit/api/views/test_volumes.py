# SPDX-License-Identifier: Apache-2.0
"""The fields of a volume at every microversion that changes them, as Cinder 29 was recorded."""

from __future__ import annotations

import pytest

from tests.unit import rows
from tests.unit.api.client import ADMIN, HOST, MEMBER, PROJECT, Client

COMMON = [
    "id",
    "status",
    "size",
    "availability_zone",
    "created_at",
    "updated_at",
    "name",
    "description",
    "volume_type",
    "snapshot_id",
    "source_volid",
    "metadata",
    "links",
    "user_id",
    "bootable",
    "encrypted",
    "replication_status",
    "consistencygroup_id",
    "multiattach",
    "attachments",
]

ADMINS = {
    "3.0": ["migration_status"],
    "3.13": ["migration_status", "group_id"],
    "3.21": ["migration_status", "group_id", "provider_id"],
    "3.48": ["migration_status", "group_id", "provider_id", "shared_targets", "service_uuid"],
}
ADMINS["3.61"] = [*ADMINS["3.48"], "cluster_name"]
ADMINS["3.63"] = [*ADMINS["3.61"], "volume_type_id"]
ADMINS["3.65"] = [*ADMINS["3.63"], "consumes_quota"]
ADMINS |= {"3.12": ADMINS["3.0"], "3.20": ADMINS["3.13"], "3.47": ADMINS["3.21"]}
ADMINS |= {"3.60": ADMINS["3.48"], "3.64": ADMINS["3.63"], "3.71": ADMINS["3.65"]}

MEMBERS = {
    version: [
        name for name in names if name not in ("migration_status", "provider_id", "cluster_name")
    ]
    for version, names in ADMINS.items()
}

TENANT = ["os-vol-tenant-attr:tenant_id"]
ATTRIBUTES = [
    *TENANT,
    "os-vol-mig-status-attr:migstat",
    "os-vol-mig-status-attr:name_id",
    "os-vol-host-attr:host",
]


@pytest.mark.parametrize("version", sorted(ADMINS))
def test_show_and_detail(api: Client, version: str) -> None:
    volume = rows.volume(project_id=PROJECT)
    for token, names in (
        (ADMIN, [*COMMON, *ADMINS[version], *ATTRIBUTES]),
        (MEMBER, [*COMMON, *MEMBERS[version], *TENANT]),
    ):
        shown = api("GET", f"/volumes/{volume.id}", version=version, token=token).json["volume"]
        listed = api("GET", "/volumes/detail", version=version, token=token).json["volumes"]
        assert list(shown) == names
        assert listed == [shown]


@pytest.mark.parametrize("version", sorted(ADMINS))
def test_the_answers_to_create_and_update_lack_the_attributes(api: Client, version: str) -> None:
    for token, names in ((ADMIN, ADMINS[version]), (MEMBER, MEMBERS[version])):
        made = api("POST", "/volumes", {"volume": {"size": 1}}, version=version, token=token)
        assert made.status == 202
        assert list(made.json["volume"]) == [*COMMON, *names]
        url = f"/volumes/{made.json['volume']['id']}"
        body = {"volume": {"name": "new"}}
        changed = api("PUT", url, body, version=version, token=token)
        assert list(changed.json["volume"]) == [*COMMON, *names]


def test_a_list_has_ids_names_and_links(api: Client) -> None:
    volume = rows.volume(project_id=PROJECT, display_name=None)
    (shown,) = api("GET", "/volumes").json["volumes"]
    assert shown == {
        "id": volume.id,
        "name": None,
        "links": [
            {"rel": "self", "href": f"http://{HOST}/v3/{PROJECT}/volumes/{volume.id}"},
            {"rel": "bookmark", "href": f"http://{HOST}/{PROJECT}/volumes/{volume.id}"},
        ],
    }


def test_links_leave_the_project_out_if_the_url_does(api: Client) -> None:
    volume = rows.volume(project_id=PROJECT)
    shown = api("GET", f"/v3/volumes/{volume.id}").json["volume"]
    assert shown["links"][0]["href"] == f"http://{HOST}/v3/volumes/{volume.id}"
    assert shown["links"][1]["href"] == f"http://{HOST}/volumes/{volume.id}"


def test_values(api: Client) -> None:
    volume = rows.volume(
        project_id=PROJECT,
        display_name="Größe 中 \"'\\",
        bootable=True,
        multiattach=True,
        encryption_key_id="00000000-0000-0000-0000-000000000001",
        name_id_override=None,
        shared_targets=None,
        use_quota=False,
        migration_status="success",
    )
    shown = api("GET", f"/volumes/{volume.id.upper()}").json["volume"]
    assert shown["id"] == volume.id
    assert shown["name"] == "Größe 中 \"'\\"
    assert (shown["bootable"], shown["encrypted"], shown["multiattach"]) == ("true", True, True)
    assert (shown["shared_targets"], shown["consumes_quota"]) == (None, False)
    assert shown["migration_status"] == shown["os-vol-mig-status-attr:migstat"] == "success"
    assert shown["os-vol-host-attr:host"] == "one@file#file"
    assert volume.created_at is not None
    assert shown["created_at"] == volume.created_at.strftime("%Y-%m-%dT%H:%M:%S.%f")
    older = api("GET", f"/volumes/{volume.id}", version="3.68").json["volume"]
    assert older["shared_targets"] is False


def test_attachments(api: Client) -> None:
    import datetime

    import sqlalchemy as sa

    from cinder_lite.db import engine, models

    volume = rows.volume(project_id=PROJECT, attach_status="attached", status="in-use")
    attachment = {
        "id": rows.new_id(),
        "volume_id": volume.id,
        "instance_uuid": rows.new_id(),
        "attached_host": None,
        "mountpoint": "/dev/vdb",
        "attach_time": datetime.datetime(2026, 1, 2, 3, 4, 5),
        "attach_status": "attached",
        "deleted": False,
    }
    gone = {**attachment, "id": rows.new_id(), "deleted": True}
    with engine.transaction() as connection:
        connection.execute(sa.insert(models.volume_attachment), [attachment, gone])
    for path in (f"/volumes/{volume.id}", "/volumes/detail"):
        (answer,) = [api("GET", path).json.get("volume") or api("GET", path).json["volumes"][0]]
        assert answer["attachments"] == [
            {
                "id": volume.id,
                "attachment_id": attachment["id"],
                "volume_id": volume.id,
                "server_id": attachment["instance_uuid"],
                "host_name": None,
                "device": "/dev/vdb",
                "attached_at": "2026-01-02T03:04:05.000000",
            }
        ]
