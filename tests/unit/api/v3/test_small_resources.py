# SPDX-License-Identifier: Apache-2.0
"""Limits, quotas, extensions, records of moves, and the lists that are always empty."""

from __future__ import annotations

import pytest

from cinder_lite.db import volume_migrations
from tests.unit import rows
from tests.unit.api.client import HOST, MEMBER, NOBODY, OTHER_PROJECT, PROJECT, Client
from tests.unit.api.conftest import Peers

# --- limits and quotas -----------------------------------------------------------------------


def test_limits(api: Client) -> None:
    rows.volume(project_id=PROJECT, size=3)
    answer = api("GET", "/limits", token=MEMBER)
    assert answer.json == {
        "limits": {
            "rate": [],
            "absolute": {
                "maxTotalVolumes": 10,
                "maxTotalSnapshots": 10,
                "maxTotalVolumeGigabytes": 1000,
                "maxTotalBackups": 10,
                "maxTotalBackupGigabytes": 1000,
                "totalVolumesUsed": 1,
                "totalGigabytesUsed": 3,
                "totalSnapshotsUsed": 0,
                "totalBackupsUsed": 0,
                "totalBackupGigabytesUsed": 0,
            },
        }
    }


def test_limits_of_another_project(api: Client) -> None:
    rows.volume(project_id=OTHER_PROJECT, size=3)
    url = f"/limits?tenant_id={OTHER_PROJECT}"

    def used(version: str, token: str | None = None) -> int:
        answer = api("GET", url, version=version, **({"token": token} if token else {}))
        return int(answer.json["limits"]["absolute"]["totalGigabytesUsed"])

    assert (used("3.38"), used("3.39"), used("3.39", MEMBER)) == (0, 3, 0)


# --- extensions ------------------------------------------------------------------------------


CINDER_S_EXTENSIONS = {
    "OS-SCH-HNT",
    "backups",
    "capabilities",
    "cgsnapshots",
    "consistencygroups",
    "encryption",
    "os-admin-actions",
    "os-availability-zone",
    "os-extended-services",
    "os-extended-snapshot-attributes",
    "os-hosts",
    "os-quota-class-sets",
    "os-quota-sets",
    "os-services",
    "os-snapshot-actions",
    "os-snapshot-manage",
    "os-snapshot-unmanage",
    "os-types-extra-specs",
    "os-types-manage",
    "os-used-limits",
    "os-vol-host-attr",
    "os-vol-image-meta",
    "os-vol-mig-status-attr",
    "os-vol-tenant-attr",
    "os-volume-actions",
    "os-volume-encryption-metadata",
    "os-volume-manage",
    "os-volume-transfer",
    "os-volume-type-access",
    "os-volume-unmanage",
    "qos-specs",
    "scheduler-stats",
}


def test_extensions(api: Client) -> None:
    found = api("GET", "/extensions").json["extensions"]
    aliases = [extension["alias"] for extension in found]
    assert aliases == sorted(set(aliases), key=str.lower)
    ours = {"os-volume-migrations"}
    assert set(aliases) - ours == CINDER_S_EXTENSIONS
    for extension in found:
        assert list(extension) == ["name", "alias", "description", "updated", "links"]
        shown = api("GET", f"/extensions/{extension['alias']}", token=MEMBER)
        assert shown.json == {"extension": extension}
    assert api("GET", "/extensions/nope").status == 404


# --- records of moves ------------------------------------------------------------------------

FIELDS = [
    "id",
    "volume_id",
    "new_volume_id",
    "source_host",
    "dest_host",
    "mode",
    "status",
    "phase",
    "bytes_total",
    "bytes_copied",
    "bytes_skipped",
    "bytes_per_second",
    "percent",
    "force_host_copy",
    "lock_volume",
    "offline_servers",
    "server_id",
    "error",
    "user_id",
    "project_id",
    "request_id",
    "created_at",
    "started_at",
    "updated_at",
    "finished_at",
]


def test_records(api: Client) -> None:
    volume = rows.volume(project_id=PROJECT)
    first = rows.migration(volume)
    volume_migrations.update(first.id, {"status": "error", "error": "No space left."})
    second = rows.migration(volume)
    listed = api("GET", "/os-volume-migrations", version=None).json["volume_migrations"]
    assert [record["id"] for record in listed] == [second.id, first.id]
    assert list(listed[0]) == FIELDS
    assert (listed[1]["error"], listed[1]["status"]) == ("No space left.", "error")
    assert listed[0]["lock_volume"] is False
    assert len(listed[0]["created_at"]) == len("2026-11-21T12:05:46.000000")
    shown = api("GET", f"/os-volume-migrations/{second.id.upper()}").json
    assert shown == {"volume_migration": listed[0]}
    for name in (NOBODY, "x"):
        answer = api("GET", f"/os-volume-migrations/{name}")
        assert (answer.status, name in answer.sentence) == (404, True)


def test_a_move_is_aborted(api: Client, peers: Peers) -> None:
    volume = rows.volume(project_id=PROJECT)
    record = rows.migration(volume, phase="copying")
    url = f"/os-volume-migrations/{record.id}"
    assert api("DELETE", url, token=MEMBER).status == 403
    assert peers.volume.calls == []
    answer = api("DELETE", url)
    assert (answer.status, answer.raw) == (202, b"")
    assert peers.volume.calls == [("abort_migration", ("one@file", record.id), {})]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"status": "success", "phase": "done"}, "it has ended (success)"),
        ({"phase": "completing"}, "its data is whole on the destination"),
        ({"phase": "cleaning"}, "it has failed and is being undone"),
    ],
)
def test_a_move_that_can_not_be_aborted(
    api: Client, peers: Peers, values: dict[str, str], said: str
) -> None:
    record = rows.migration(rows.volume(project_id=PROJECT), **values)
    refused = api("DELETE", f"/os-volume-migrations/{record.id}")
    assert (refused.status, peers.volume.calls) == (400, [])
    assert f"migration {record.id} of volume {record.volume_id} can not be aborted" in (
        refused.sentence
    )
    assert said in refused.sentence


def test_no_such_move_to_abort(api: Client) -> None:
    assert api("DELETE", f"/os-volume-migrations/{NOBODY}").status == 404


def test_pages_and_filters_of_records(api: Client) -> None:
    volume, other = rows.volume(project_id=PROJECT), rows.volume(project_id=PROJECT)
    first, second = rows.migration(volume), rows.migration(other)
    url = "/os-volume-migrations"

    def ids(query: str) -> list[str]:
        found = api("GET", url + query).json["volume_migrations"]
        return [record["id"] for record in found]

    assert ids(f"?volume_id={volume.id}") == [first.id]
    assert ids("?status=running") == [second.id, first.id]
    assert ids("?source_host=nope") == []
    assert ids("?dest_host=two@file%23file") == [second.id, first.id]
    assert ids("?limit=0") == []
    page = api("GET", f"{url}?limit=1").json
    assert page["volume_migrations_links"] == [
        {"rel": "next", "href": f"http://{HOST}/v3/{PROJECT}{url}?limit=1&marker={second.id}"}
    ]
    assert ids(f"?limit=1&marker={second.id}") == [first.id]
    assert api("GET", f"{url}?marker={NOBODY}").status == 404
    assert api("GET", f"{url}?bogus=1").status == 400


@pytest.mark.parametrize(
    ("values", "percent"),
    [
        ({"mode": "host_copy", "bytes_total": 200, "bytes_copied": 50, "bytes_skipped": 49}, 49),
        ({"mode": "host_copy", "bytes_total": 200, "bytes_copied": 300}, 100),
        ({"mode": "host_copy", "bytes_total": 0}, None),
        ({"mode": "driver", "bytes_total": 200, "bytes_copied": 0}, None),
        ({"mode": "driver", "bytes_total": 200, "bytes_copied": 20}, 10),
        ({"mode": None, "bytes_total": 200}, 0),
        ({"status": "success", "bytes_total": 200}, 100),
    ],
)
def test_percent(api: Client, values: dict[str, object], percent: int | None) -> None:
    record = rows.migration(rows.volume(project_id=PROJECT))
    volume_migrations.update(record.id, values)
    shown = api("GET", f"/os-volume-migrations/{record.id}").json["volume_migration"]
    assert shown["percent"] == percent


# --- lists that are always empty -------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/snapshots", "snapshots"),
        ("/snapshots/detail", "snapshots"),
    ],
)
def test_empty_lists(api: Client, path: str, name: str) -> None:
    assert api("GET", path, token=MEMBER).json == {name: []}
    assert api("GET", f"{path}?with_count=true").json == {name: [], "count": 0}


def test_resource_filters(api: Client) -> None:
    found = api("GET", "/resource_filters").json["resource_filters"]
    by_name = {item["resource"]: item["filters"] for item in found}
    assert by_name["volume"] == [
        "name",
        "status",
        "metadata",
        "bootable",
        "migration_status",
        "availability_zone",
        "group_id",
        "size",
        "created_at",
        "updated_at",
        "consumes_quota",
    ]
    assert api("GET", "/resource_filters?resource=nope").json == {"resource_filters": []}
