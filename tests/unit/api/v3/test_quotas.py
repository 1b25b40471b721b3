# SPDX-License-Identifier: Apache-2.0
"""/os-quota-sets, /os-quota-class-sets and the limits that follow from them."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from cinder_lite.db import engine, models, volume_types
from tests.unit import rows
from tests.unit.api.client import MEMBER, OTHER_PROJECT, PROJECT, Client

URL = f"/os-quota-sets/{PROJECT}"
CLASS = "/os-quota-class-sets/default"
LIMITS = {
    "volumes": 10,
    "per_volume_gigabytes": -1,
    "snapshots": 10,
    "gigabytes": 1000,
    "backups": 10,
    "backup_gigabytes": 1000,
    "volumes___DEFAULT__": -1,
    "gigabytes___DEFAULT__": -1,
    "snapshots___DEFAULT__": -1,
    "groups": 10,
}


def _set(api: Client, **limits: Any) -> Any:
    return api("PUT", URL, {"quota_set": limits})


def _shown(api: Client, query: str = "") -> dict[str, Any]:
    shown: dict[str, Any] = api("GET", URL + query).json["quota_set"]
    return shown


def test_every_type_has_limits(api: Client) -> None:
    volume_types.create({"name": "gold"}, {})
    shown = _shown(api)
    assert list(shown) == [
        *list(LIMITS)[:-1],
        "volumes_gold",
        "gigabytes_gold",
        "snapshots_gold",
        "groups",
        "id",
    ]
    assert (shown["volumes_gold"], shown["id"]) == (-1, PROJECT)
    assert api("GET", f"{URL}/defaults").json["quota_set"] == shown


def test_set_and_remove(api: Client) -> None:
    changed = _set(api, volumes=5, gigabytes="7", gigabytes___DEFAULT__=3, tenant_id="x", id="y")
    limits = {**LIMITS, "volumes": 5, "gigabytes": 7, "gigabytes___DEFAULT__": 3}
    assert (changed.status, changed.json) == (200, {"quota_set": limits})
    assert _shown(api) == {**limits, "id": PROJECT}
    assert api("GET", f"{URL}/defaults").json["quota_set"]["volumes"] == 10
    assert _set(api, volumes=6).json["quota_set"]["gigabytes"] == 7
    gone = api("DELETE", URL)
    assert (gone.status, gone.raw) == (200, b"")
    assert gone.headers["Content-Type"] == "application/json"
    assert _shown(api) == {**LIMITS, "id": PROJECT}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"bogus": 1}, "Invalid input received: Bad key(s) in quota set: bogus"),
        ({"volumes_nosuch": 1}, "Invalid input received: Bad key(s) in quota set: volumes_nosuch"),
        ({"volumes": "x"}, "volumes must be an integer"),
        ({"volumes": True}, "volumes must be an integer"),
        ({"volumes": None}, "volumes must be an integer"),
        ({"volumes": 1.5}, "volumes must be an integer"),
        ({"volumes": -2}, "volumes must be >= -1"),
        ({"volumes": 2**31}, "volumes must be <= 2147483647"),
    ],
)
def test_wrong_limits(api: Client, given: dict[str, Any], sentence: str) -> None:
    answer = api("PUT", URL, {"quota_set": {"gigabytes": 5, **given}})
    assert (answer.status, answer.sentence) == (400, sentence)
    assert _shown(api) == {**LIMITS, "id": PROJECT}


@pytest.mark.parametrize("body", [{"quota_set": {}}, {"quota_set": None}, {}, {"x": {}}])
def test_wrong_bodies(api: Client, body: Any) -> None:
    assert api("PUT", URL, body).status == 400


def test_a_limit_below_the_usage(api: Client) -> None:
    """Cinder looks at the usage only where the project had a limit of its own before."""
    for _ in range(2):
        rows.volume(project_id=PROJECT, size=2)
    assert _set(api, volumes=1).status == 200
    refused = _set(api, volumes=0)
    assert refused.status == 400
    assert refused.sentence.endswith("Current usage is 2 and the requested limit is 0.")
    assert _set(api, volumes=-1).status == 200
    assert _set(api, volumes=2).status == 200


def test_usage(api: Client) -> None:
    rows.volume(project_id=PROJECT, size=3)
    with engine.transaction() as connection:
        usages = models.quota_usages
        connection.execute(
            sa.update(usages).where(usages.c.resource == "gigabytes").values(reserved=2)
        )
    shown = _shown(api, "?usage=True")
    assert shown["gigabytes"] == {"limit": 1000, "in_use": 3, "reserved": 2}
    assert shown["volumes"]["in_use"] == 1
    assert shown["per_volume_gigabytes"] == {"limit": -1, "in_use": 0, "reserved": 0}
    assert api("GET", f"{URL}?usage=maybe").status == 400
    assert _shown(api, "?usage=False")["gigabytes"] == 1000


def test_a_limit_that_was_set_refuses_new_volumes(api: Client) -> None:
    _set(api, per_volume_gigabytes=2)
    assert api("POST", "/volumes", {"volume": {"size": 3}}).status == 413
    _set(api, per_volume_gigabytes=-1, gigabytes=0)
    assert api("POST", "/volumes", {"volume": {"size": 1}}).status == 413
    assert api("GET", "/limits").json["limits"]["absolute"]["maxTotalVolumeGigabytes"] == 0


def test_limits_follow_a_type_to_its_new_name(api: Client) -> None:
    gold = volume_types.create({"name": "gold"}, {})
    _set(api, volumes_gold=4)
    assert api("PUT", f"/types/{gold.id}", {"volume_type": {"name": "platin"}}).status == 200
    shown = _shown(api)
    assert shown["volumes_platin"] == 4
    assert "volumes_gold" not in shown


def test_the_default_class_is_every_project_s(api: Client) -> None:
    whole = api("GET", CLASS)
    assert whole.json == {"quota_class_set": {**LIMITS, "id": "default"}}
    changed = api("PUT", CLASS, {"quota_class_set": {"volumes": 1, "gigabytes": "50"}})
    limits = {**LIMITS, "volumes": 1, "gigabytes": 50}
    assert (changed.status, changed.json) == (200, {"quota_class_set": limits})
    assert _shown(api)["volumes"] == 1
    assert api("GET", "/limits").json["limits"]["absolute"]["maxTotalVolumes"] == 1
    for status in (202, 413):
        assert api("POST", "/volumes", {"volume": {"size": 1}}).status == status
    _set(api, volumes=2)
    assert api("POST", "/volumes", {"volume": {"size": 1}}).status == 202


def test_another_class_is_nobody_s(api: Client) -> None:
    api("PUT", "/os-quota-class-sets/rich", {"quota_class_set": {"volumes": 500}})
    assert api("GET", "/os-quota-class-sets/rich").json["quota_class_set"]["volumes"] == 500
    assert _shown(api)["volumes"] == 10


@pytest.mark.parametrize(
    "given", [{"bogus": 1}, {"volumes": -2}, {"volumes": "x"}, {"volumes": ""}, {"volumes": 2**31}]
)
def test_wrong_limits_of_a_class(api: Client, given: dict[str, Any]) -> None:
    assert api("PUT", CLASS, {"quota_class_set": given}).status == 400
    assert _shown(api)["volumes"] == 10


def test_members_see_their_own_and_set_nothing(api: Client) -> None:
    assert api("GET", URL, token=MEMBER).status == 200
    body = {"quota_set": {"volumes": 1}}
    for project in (PROJECT, OTHER_PROJECT):
        path = f"/os-quota-sets/{project}"
        assert api("PUT", path, body, token=MEMBER).status == 403
        assert api("DELETE", path, token=MEMBER).status == 403
    assert api("GET", f"/os-quota-sets/{OTHER_PROJECT}", token=MEMBER).status == 403
    assert api("GET", CLASS, token=MEMBER).status == 403
    assert api("PUT", CLASS, {"quota_class_set": {"volumes": 1}}, token=MEMBER).status == 403


def test_limits_of_another_project(api: Client) -> None:
    rows.volume(project_id=OTHER_PROJECT, size=4)

    def used(query: str, **options: Any) -> int:
        answer = api("GET", f"/limits{query}", **options)
        return int(answer.json["limits"]["absolute"]["totalGigabytesUsed"])

    for name in ("project_id", "tenant_id"):
        assert used(f"?{name}={OTHER_PROJECT}") == 4
        assert used(f"?{name}={OTHER_PROJECT}", version="3.38") == 0
        assert used(f"?{name}={OTHER_PROJECT}", token=MEMBER) == 0
