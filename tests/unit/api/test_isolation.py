# SPDX-License-Identifier: Apache-2.0
"""A member can neither see nor touch what another project has, whatever the call.

The test walks the whole routing table, with a thing of the other project in every table and its
ids in every URL and every body, so a call that is added is tested at once.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from cinder_lite.api import openapi
from cinder_lite.api.middleware import auth
from cinder_lite.api.router import Route
from cinder_lite.api.routes import ROUTES
from cinder_lite.context import RequestContext
from tests.unit.api import foreign
from tests.unit.api.client import ADMIN, MEMBER, OTHER_PROJECT, PROJECT, Answer, Client
from tests.unit.api.conftest import Peers

_TABLES = {
    "type_id": "volume_types",
    "specs_id": "qos_specs",
    "attachment_id": "volume_attachment",
    "migration_id": "volume_migrations",
    "volume_type": "volume_types",
    "source_volid": "volumes",
    "new_volume": "volumes",
    "source_group_id": "groups",
}
"""Where a name in a URL or a body is not that of its table."""
_PLAIN = {
    "project_id": OTHER_PROJECT,
    "project": OTHER_PROJECT,
    "host": "one@file",
    "key": "key",
    "name": "default",
}
_REFUSED = (400, 403, 404, 409, 413)
_NO_THINGS = ("/extensions/{alias}",)
"""Calls whose URL names nothing that a project has."""

_OTHERWISE_REFUSED = (
    "/os-quota-sets/{project_id}",
    "/os-volume-transfer/{transfer_id}/accept",
    "/volume-transfers/{transfer_id}/accept",
)
"""Calls whose bodies no schema makes right: names of quotas, or the key of an offer."""

_WITH_NAMES = [r for r in ROUTES if "{" in r.path and r.path not in _NO_THINGS]
_LISTS = [route for route in ROUTES if route.method == "GET" and "{" not in route.path]
_CREATES = [route for route in ROUTES if route.method != "GET" and "{" not in route.path]


Routes = list[Route]


def _by_resource(routes: Routes) -> list[Any]:
    """Return the routes of each resource as one case: they share a database."""
    resources: dict[str, Routes] = {}
    for route in routes:
        resources.setdefault(route.path.split("/")[1], []).append(route)
    return [pytest.param(found, id=name) for name, found in resources.items()]


@pytest.fixture
def names(api: Client) -> dict[str, str]:
    """Give the other project a thing of every kind; returns their ids by what names them."""
    keys = foreign.fill(OTHER_PROJECT)
    found = {name: keys[table] for name, table in _TABLES.items() if table in keys}
    for table, key in keys.items():
        found.setdefault(f"{table.removesuffix('s')}_id", key)
    return {**found, **_PLAIN}


def _url(route: Route, names: dict[str, str]) -> str:
    return re.sub(r"{(\w+)}", lambda name: names.get(name[1], foreign.NOBODY), route.path)


def _requests(route: Route, names: dict[str, str]) -> list[Any]:
    """Return the bodies to send to a route: None alone where it takes none."""
    things = {name: value for name, value in names.items() if name not in _PLAIN}
    actions = openapi.actions_of(route)
    if actions:
        return [one for body in actions.values() for one in foreign.bodies(body, things)]
    return list(foreign.bodies(route.body, things)) if route.body is not None else [None]


def _ids(names: dict[str, str]) -> set[str]:
    """Return the ids that can be told from other text."""
    return {value for name, value in names.items() if name not in _PLAIN and "-" in value}


def _shows_nothing(answer: Answer) -> None:
    text = answer.raw.decode()
    assert foreign.MARK not in text
    assert answer.status != 200 or OTHER_PROJECT not in text


def _untouched(before: set[tuple[Any, ...]], peers: Peers) -> None:
    assert before <= foreign.everything()
    assert peers.volume.calls == []


def test_the_other_project_has_things(api: Client, names: dict[str, str]) -> None:
    """What the tests look for is there: an administrator sees it."""
    listed = api("GET", "/volumes/detail?all_tenants=1", token=ADMIN).raw.decode()
    assert foreign.MARK in listed
    assert OTHER_PROJECT in listed
    assert api("GET", f"/volumes/{names['volume_id']}", token=ADMIN).status == 200
    assert api("GET", f"/messages/{names['message_id']}", token=ADMIN).status == 200
    assert api("GET", f"/types/{names['type_id']}", token=ADMIN).status == 200


@pytest.mark.parametrize("routes", _by_resource(_WITH_NAMES))
def test_what_a_url_names(api: Client, peers: Peers, names: dict[str, str], routes: Routes) -> None:
    before = foreign.everything()
    for route in routes:
        for body in _requests(route, names):
            answer = api(route.method, _url(route, names), body, token=MEMBER)
            assert answer.status in _REFUSED, (route, body, answer.raw)
            _shows_nothing(answer)
            assert before == foreign.everything(), (route, body)
    assert peers.volume.calls == peers.scheduler.calls == []


@pytest.mark.parametrize("routes", _by_resource(_WITH_NAMES))
def test_bodies_are_right(api: Client, names: dict[str, str], routes: Routes) -> None:
    """The walk means something: its bodies are refused for whose the things are, not for form."""
    for route in routes:
        if route.body is None or route.path in _OTHERWISE_REFUSED:
            continue
        answers = {
            api(route.method, _url(route, names), body, token=MEMBER).status
            for body in _requests(route, names)
        }
        assert answers & {403, 404}, (route, answers)


@pytest.mark.parametrize("routes", _by_resource(_LISTS))
def test_lists(api: Client, peers: Peers, names: dict[str, str], routes: Routes) -> None:
    before = foreign.everything()
    queries = (
        "",
        "?all_tenants=1",
        f"?all_tenants=1&project_id={OTHER_PROJECT}",
        f"?project_id={OTHER_PROJECT}",
        f"?tenant_id={OTHER_PROJECT}",
        f"?marker={names['volume_id']}",
        "?is_public=None",
    )
    for path in [route.path + query for route in routes for query in queries]:
        answer = api("GET", path, token=MEMBER)
        assert answer.status < 500, path
        _shows_nothing(answer)
        if answer.status == 200:
            assert not [key for key in _ids(names) if key in answer.raw.decode()], path
    _untouched(before, peers)


@pytest.mark.parametrize("routes", _by_resource(_CREATES))
def test_what_a_body_names(
    api: Client, peers: Peers, names: dict[str, str], routes: Routes
) -> None:
    before = foreign.everything()
    theirs = _ids(names)
    for route, body in ((one, body) for one in routes for body in _requests(one, names)):
        answer = api(route.method, route.path, body, token=MEMBER)
        if any(key in json.dumps(body) for key in theirs):
            assert answer.status in _REFUSED, (route, body, answer.raw)
        _shows_nothing(answer)
        _untouched(before, peers)


@pytest.mark.parametrize("routes", _by_resource(ROUTES))
def test_another_project_in_the_url(api: Client, names: dict[str, str], routes: Routes) -> None:
    before = foreign.everything()
    for route in routes:
        url = f"/v3/{OTHER_PROJECT}{_url(route, names)}"
        body = next(iter(_requests(route, names)), None)
        answer = api(route.method, url, body, token=MEMBER)
        assert answer.status == 400, route
        assert PROJECT not in answer.raw.decode()
    assert before == foreign.everything()


@pytest.mark.parametrize(
    "values",
    [
        {"roles": []},
        {"roles": ["member", "reader"], "domain_id": "default"},
        {"roles": ["reader"], "system_scope": "all"},
    ],
    ids=["unscoped", "domain", "system"],
)
def test_a_token_of_no_project_sees_nothing(
    api: Client, names: dict[str, str], monkeypatch: pytest.MonkeyPatch, values: dict[str, Any]
) -> None:
    """Every user of Keystone can have one. No list takes that for the lists of all projects."""

    def of_no_project(**_given: Any) -> RequestContext:
        return RequestContext(user_id="eve", project_id=None, overwrite=False, **values)

    monkeypatch.setattr(auth, "RequestContext", of_no_project)
    for route in _LISTS:
        answer = api("GET", f"/v3{route.path}", token=MEMBER)
        assert answer.status == 403, (route, answer.raw)
        _shows_nothing(answer)
    for route in _WITH_NAMES:
        if route.method == "GET":
            answer = api("GET", f"/v3{_url(route, names)}", token=MEMBER)
            assert answer.status in (403, 404), (route, answer.raw)
            _shows_nothing(answer)
