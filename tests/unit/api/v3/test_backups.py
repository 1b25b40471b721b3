# SPDX-License-Identifier: Apache-2.0
"""/backups of a cloud without a backup service."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.unit import rows
from tests.unit.api.client import MEMBER, NOBODY, OTHER_PROJECT, PROJECT, Client


def test_there_are_none(api: Client) -> None:
    for path in ("/backups", "/backups/detail", "/backups?limit=1&sort=name:asc&status=error"):
        assert api("GET", path, token=MEMBER).json == {"backups": []}
    assert api("GET", "/backups?with_count=true").json == {"backups": [], "count": 0}
    assert api("GET", "/backups?with_count=true", version="3.44").json == {"backups": []}


@pytest.mark.parametrize("query", ["limit=-1", "sort=bogus", "bogus=1", "with_count=maybe"])
def test_wrong_lists(api: Client, query: str) -> None:
    assert api("GET", f"/backups?{query}", token=MEMBER).status == 400


def test_a_volume_can_not_be_backed_up(api: Client) -> None:
    mine = rows.volume(project_id=PROJECT)
    body = {"backup": {"volume_id": mine.id, "name": "b"}}
    answer = api("POST", "/backups", body, token=MEMBER)
    assert (answer.status, "no backup service" in answer.sentence) == (503, True)
    theirs = rows.volume(project_id=OTHER_PROJECT)
    for volume_id in (NOBODY, theirs.id):
        body = {"backup": {"volume_id": volume_id}}
        assert api("POST", "/backups", body, token=MEMBER).status == 404


@pytest.mark.parametrize(
    ("given", "version"),
    [
        ({}, "3.71"),
        ({"volume_id": "x"}, "3.71"),
        ({"volume_id": NOBODY, "metadata": {}}, "3.42"),
        ({"volume_id": NOBODY, "availability_zone": "nova"}, "3.50"),
        ({"volume_id": NOBODY, "force": "maybe"}, "3.71"),
        ({"volume_id": NOBODY, "more": 1}, "3.71"),
    ],
)
def test_wrong_bodies(api: Client, given: dict[str, Any], version: str) -> None:
    assert api("POST", "/backups", {"backup": given}, version=version).status == 400


def test_import(api: Client) -> None:
    def imported(url: str, token: str | None = None) -> int:
        body = {"backup-record": {"backup_service": "s", "backup_url": url}}
        options = {"token": token} if token else {}
        return api("POST", "/backups/import_record", body, **options).status

    record = base64.b64encode(b'{"id": 1}').decode()
    assert imported(record) == 503
    assert imported("not base64!") == 400
    assert imported(record, MEMBER) == 403


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PUT", "", {"backup": {"name": "n"}}),
        ("DELETE", "", None),
        ("POST", "/restore", {"restore": {}}),
        ("GET", "/export_record", None),
        ("POST", "/action", {"os-reset_status": {"status": "error"}}),
        ("POST", "/action", {"os-force_delete": {}}),
    ],
)
def test_no_backup_is_found(api: Client, method: str, path: str, body: Any) -> None:
    answer = api(method, f"/backups/{NOBODY}{path}", body)
    assert answer.json["itemNotFound"]["message"] == f"Backup {NOBODY} could not be found."


def test_unknown_actions(api: Client) -> None:
    assert api("POST", f"/backups/{NOBODY}/action", {"nope": {}}).status == 400
    assert api("PUT", f"/backups/{NOBODY}", {"backup": {}}, version="3.8").status == 404
