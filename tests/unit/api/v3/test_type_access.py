# SPDX-License-Identifier: Apache-2.0
"""/types/{id}/os-volume-type-access: private types and the projects that may use them."""

from __future__ import annotations

from typing import Any

import pytest

from cinder_lite.db import volume_types
from cinder_lite.objects import VolumeType
from tests.unit.api.client import (
    ADMIN,
    MEMBER,
    NOBODY,
    OTHER_PROJECT,
    PROJECT,
    STRANGER,
    Answer,
    Client,
)


@pytest.fixture
def private(api: Client) -> VolumeType:
    """Return a private type."""
    return volume_types.create({"name": "hidden", "is_public": False}, {})


def _act(api: Client, type_id: str, name: str, content: Any, token: str = ADMIN) -> Answer:
    return api("POST", f"/types/{type_id}/action", {name: content}, token=token)


def _names(api: Client, query: str = "", token: str = MEMBER, project: str = PROJECT) -> list[str]:
    listed = api("GET", f"/v3/{project}/types{query}", token=token).json["volume_types"]
    return sorted(kind["name"] for kind in listed)


def test_a_project_is_given_access_and_loses_it(api: Client, private: VolumeType) -> None:
    url = f"/types/{private.id}/os-volume-type-access"
    assert api("GET", url).json == {"volume_type_access": []}
    assert api("GET", f"/types/{private.id}", token=MEMBER).status == 404

    given = _act(api, private.id, "addProjectAccess", {"project": PROJECT})
    assert (given.status, given.raw) == (202, b"")
    assert given.headers["Content-Type"] == "text/html; charset=UTF-8"
    assert api("GET", url).json == {
        "volume_type_access": [{"volume_type_id": private.id, "project_id": PROJECT}]
    }
    assert _names(api) == ["__DEFAULT__", "hidden"]
    assert api("GET", f"/types/{private.id}", token=MEMBER).json["volume_type"]["name"] == "hidden"
    assert _names(api, token=STRANGER, project=OTHER_PROJECT) == ["__DEFAULT__"]

    again = _act(api, private.id, "addProjectAccess", {"project": PROJECT})
    assert again.status == 409
    assert private.id in again.sentence
    assert _act(api, private.id, "removeProjectAccess", {"project": PROJECT}).status == 202
    gone = _act(api, private.id, "removeProjectAccess", {"project": PROJECT})
    assert gone.status == 404
    assert _names(api) == ["__DEFAULT__"]


def test_the_caller_s_own_private_types_are_among_the_public_ones(
    api: Client, private: VolumeType
) -> None:
    """Cinder lists an administrator's public types so; the documentation does not tell."""
    assert _names(api, token=ADMIN) == ["__DEFAULT__"]
    _act(api, private.id, "addProjectAccess", {"project": PROJECT})
    assert _names(api, token=ADMIN) == ["__DEFAULT__", "hidden"]
    assert _names(api, "?is_public=false", token=ADMIN) == ["hidden"]


def test_public_types_have_no_list(api: Client) -> None:
    public = volume_types.create({"name": "open"}, {})
    assert api("GET", f"/types/{public.id}/os-volume-type-access").status == 404
    for name in ("addProjectAccess", "removeProjectAccess"):
        refused = _act(api, public.id, name, {"project": PROJECT})
        assert refused.status == 400
        assert refused.sentence.startswith("Invalid volume type: ")


@pytest.mark.parametrize(
    "body",
    [
        {"addProjectAccess": {}},
        {"addProjectAccess": {"project": ""}},
        {"addProjectAccess": {"project": "p", "more": 1}},
        {"nope": {}},
        {"addProjectAccess": {"project": "p"}, "removeProjectAccess": {"project": "p"}},
        [],
    ],
)
def test_wrong_bodies(api: Client, private: VolumeType, body: Any) -> None:
    assert api("POST", f"/types/{private.id}/action", body).status == 400


def test_a_type_that_is_not_there(api: Client) -> None:
    assert api("GET", f"/types/{NOBODY}/os-volume-type-access").status == 404
    assert _act(api, NOBODY, "addProjectAccess", {"project": "p"}).status == 404


def test_members_may_not(api: Client, private: VolumeType) -> None:
    assert api("GET", f"/types/{private.id}/os-volume-type-access", token=MEMBER).status == 403
    for name in ("addProjectAccess", "removeProjectAccess"):
        answer = _act(api, private.id, name, {"project": PROJECT}, token=MEMBER)
        assert (answer.status, name in answer.sentence) == (403, True)


def test_a_deleted_type_takes_its_access_with_it(api: Client, private: VolumeType) -> None:
    _act(api, private.id, "addProjectAccess", {"project": PROJECT})
    assert api("DELETE", f"/types/{private.id}").status == 202
    assert _names(api) == ["__DEFAULT__"]
