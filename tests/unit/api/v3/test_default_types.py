# SPDX-License-Identifier: Apache-2.0
"""/default-types: the projects' own default types."""

from __future__ import annotations

from typing import Any

import pytest

from cinder_lite.db import volume_types
from cinder_lite.objects import VolumeType
from tests.unit.api.client import MEMBER, OTHER_PROJECT, PROJECT, Client

URL = f"/default-types/{PROJECT}"


@pytest.fixture
def gold(api: Client) -> VolumeType:
    """Return a type."""
    return volume_types.create({"name": "gold"}, {})


@pytest.mark.parametrize("named_by", ["id", "name"])
def test_set_shown_listed_and_unset(api: Client, gold: VolumeType, named_by: str) -> None:
    assert api("GET", "/default-types").json == {"default_types": []}
    assert api("GET", URL).status == 404
    default = {"project_id": PROJECT, "volume_type_id": gold.id}
    body = {"default_type": {"volume_type": getattr(gold, named_by)}}
    made = api("PUT", URL, body)
    assert (made.status, made.json) == (200, {"default_type": default})
    assert api("GET", URL).json == {"default_type": default}
    assert api("GET", "/default-types").json == {"default_types": [default]}
    gone = api("DELETE", URL)
    assert (gone.status, gone.raw) == (204, b"")
    assert api("DELETE", URL).status == 204
    assert api("GET", URL).status == 404


def test_new_volumes_of_the_project_have_it(api: Client, gold: VolumeType) -> None:
    api("PUT", f"/default-types/{OTHER_PROJECT}", {"default_type": {"volume_type": gold.id}})
    assert _type_of_new_volume(api) == "__DEFAULT__"
    api("PUT", URL, {"default_type": {"volume_type": gold.id}})
    assert _type_of_new_volume(api) == "gold"
    assert api("GET", "/types/default", token=MEMBER).json["volume_type"]["name"] == "gold"


def _type_of_new_volume(api: Client) -> Any:
    made = api("POST", "/volumes", {"volume": {"size": 1}}, token=MEMBER)
    return made.json["volume"]["volume_type"]


def test_another_type_may_follow(api: Client, gold: VolumeType) -> None:
    silver = volume_types.create({"name": "silver"}, {})
    for kind in (gold, silver):
        api("PUT", URL, {"default_type": {"volume_type": kind.id}})
    assert api("GET", URL).json["default_type"]["volume_type_id"] == silver.id
    assert len(api("GET", "/default-types").json["default_types"]) == 1


def test_a_project_s_default_type_can_not_be_deleted(api: Client, gold: VolumeType) -> None:
    api("PUT", URL, {"default_type": {"volume_type": gold.id}})
    assert api("DELETE", f"/types/{gold.id}").status == 400
    api("DELETE", URL)
    assert api("DELETE", f"/types/{gold.id}").status == 202


@pytest.mark.parametrize(
    "body",
    [
        {"default_type": {"volume_type": "nosuch"}},
        {"default_type": {"volume_type": ""}},
        {"default_type": {"volume_type": None}},
        {"default_type": {}},
        {},
    ],
)
def test_wrong_bodies(api: Client, body: Any) -> None:
    assert api("PUT", URL, body).status == 400


def test_before_3_62_there_are_none(api: Client) -> None:
    for method, path in (("GET", URL), ("GET", "/default-types"), ("DELETE", URL)):
        assert api(method, path, version="3.61").status == 404


def test_members_may_not(api: Client, gold: VolumeType) -> None:
    body = {"default_type": {"volume_type": gold.id}}
    assert api("PUT", URL, body, token=MEMBER).status == 403
    for method, path in (("GET", URL), ("GET", "/default-types"), ("DELETE", URL)):
        assert api(method, path, token=MEMBER).status == 403
