# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI description holds every call, and its schemas are schemas."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest

from cinder_lite.api import openapi
from cinder_lite.api.router import Route
from cinder_lite.api.routes import ROUTES
from cinder_lite.cmd import manage
from tests.unit.api.client import MEMBER, Client


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Return the description, as it is after a way through JSON."""
    found: dict[str, Any] = json.loads(json.dumps(openapi.document()))
    return found


def _operation(document: dict[str, Any], route: Route) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"][f"/v3/{{tenant_id}}{route.path}"][
        route.method.lower()
    ]
    return found


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_is_described(document: dict[str, Any], route: Route) -> None:
    operation = _operation(document, route)
    named = [one["name"] for one in operation["parameters"] if one.get("in") == "path"]
    assert named == ["tenant_id", *re.findall(r"{(\w+)}", route.path)]
    assert operation["summary"].endswith(".")
    assert {str(route.status), "401", "default"} <= set(operation["responses"])
    assert operation["x-openstack"] == {"min-ver": f"3.{route.since}", "policy": route.policy}
    assert ("requestBody" in operation) == (
        route.body is not None or bool(openapi.actions_of(route))
    )


def test_names_of_calls_are_used_once(document: dict[str, Any]) -> None:
    names = [one["operationId"] for path in document["paths"].values() for one in path.values()]
    assert len(names) == len(set(names)) == len(ROUTES)


def test_every_schema_is_one(document: dict[str, Any]) -> None:
    bodies = [
        operation["requestBody"]
        for path in document["paths"].values()
        for operation in path.values()
        if "requestBody" in operation
    ]
    assert len(bodies) > 20
    for body in bodies:
        jsonschema.Draft202012Validator.check_schema(body["content"]["application/json"]["schema"])
        for schema in body.get("x-openstack-schemas", {}).values():
            jsonschema.Draft202012Validator.check_schema(schema)


def test_bodies_of_actions_and_of_older_microversions(document: dict[str, Any]) -> None:
    paths = document["paths"]
    actions = paths["/v3/{tenant_id}/types/{type_id}/action"]["post"]["requestBody"]
    assert actions["x-openstack-actions"] == ["addProjectAccess", "removeProjectAccess"]
    copies = paths["/v3/{tenant_id}/groups/action"]["post"]["requestBody"]
    assert copies["x-openstack-actions"] == ["create-from-src"]
    taken = paths["/v3/{tenant_id}/group_snapshots/{group_snapshot_id}/action"]["post"]
    assert taken["requestBody"]["x-openstack-actions"] == ["reset_status"]
    backups = paths["/v3/{tenant_id}/backups"]["post"]["requestBody"]
    assert list(backups["x-openstack-schemas"]) == ["3.0", "3.43", "3.51"]


def test_answers_by_microversion(document: dict[str, Any]) -> None:
    shown = document["paths"]["/v3/{tenant_id}/volumes/{volume_id}"]["get"]["responses"]["200"]
    assert list(shown["x-openstack-schemas"]) == [
        *("3.0", "3.13", "3.21", "3.48", "3.61", "3.63", "3.65", "3.69")
    ]
    newest = shown["content"]["application/json"]["schema"]
    assert newest == shown["x-openstack-schemas"]["3.69"]
    assert newest["properties"]["volume"] == {"$ref": "#/components/schemas/volume"}
    schemas = document["components"]["schemas"]
    assert "consumes_quota" in schemas["volume"]["required"]
    assert "consumes_quota" not in schemas["volume-3.63"]["properties"]
    assert "x-openstack-request-id" in shown["headers"]
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_answers_of_actions(document: dict[str, Any]) -> None:
    call = document["paths"]["/v3/{tenant_id}/volumes/{volume_id}/action"]["post"]
    answers = call["x-openstack-answers"]
    assert answers.keys() == set(call["requestBody"]["x-openstack-actions"])
    assert answers["os-extend"] == {"status": 202}
    assert answers["os-set_bootable"] == {"status": 200}
    assert answers["os-migrate_volume_completion"]["schema"]["required"] == ["save_volume_id"]
    assert {"200", "202"} <= call["responses"].keys()


def test_a_change_of_metadata_may_be_stale(document: dict[str, Any]) -> None:
    written = document["paths"]["/v3/{tenant_id}/volumes/{volume_id}/metadata"]["put"]
    assert "content" not in written["responses"]["412"]


def test_lists_have_their_parameters(document: dict[str, Any]) -> None:
    listed = document["paths"]["/v3/{tenant_id}/messages"]["get"]["parameters"]
    names = {one["name"] for one in listed if one.get("in") == "query"}
    assert {"limit", "marker", "sort", "event_id", "request_id"} <= names
    moves = document["paths"]["/v3/{tenant_id}/os-volume-migrations"]["get"]["parameters"]
    assert {one["name"] for one in moves if one.get("in") == "query"} == {
        *("limit", "marker", "volume_id", "status", "source_host", "dest_host")
    }


def test_the_microversions_are_those_that_are_served(document: dict[str, Any]) -> None:
    pattern = document["components"]["parameters"]["microversion"]["schema"]["pattern"]
    for good in ("volume 3.0", "volume 3.9", "volume 3.10", "volume 3.71", "volume latest"):
        assert re.search(pattern, good)
    for bad in ("volume 3.72", "volume 3.710", "volume 3.", "volume 2.0", "3.1"):
        assert not re.search(pattern, bad)


def test_references_lead_somewhere(document: dict[str, Any]) -> None:
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document))):
        found: Any = document
        for word in reference.split("/"):
            found = found[word]
        assert found


def test_it_is_served(api: Client, document: dict[str, Any]) -> None:
    for path in ("/openapi.json", "/openapi", "/v3/openapi.json"):
        assert api("GET", path, token=MEMBER).json == document
    assert api("POST", "/openapi.json", {}).status == 404


def test_it_is_printed(document: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    manage.openapi(None)  # type: ignore[arg-type]
    assert json.loads(capsys.readouterr().out) == document
