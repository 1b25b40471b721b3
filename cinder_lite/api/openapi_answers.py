# SPDX-License-Identifier: Apache-2.0
"""What a call answers, for the OpenAPI description: its good answer, its faults, their headers."""

from __future__ import annotations

from typing import Any

from cinder_lite.api import faults, microversions
from cinder_lite.api.answers import shape, table
from cinder_lite.api.router import Route

_JSON = "application/json"
_REQUEST_ID = {
    "description": "The request's id, under which the logs tell of it.",
    "required": True,
    "schema": {"type": "string", "pattern": "^req-[0-9a-f-]{36}$"},
}
_MADE_BY_US = {
    "x-openstack-request-id": _REQUEST_ID,
    "x-compute-request-id": _REQUEST_ID,
    microversions.HEADER: {
        "description": "The microversion that was served.",
        "required": True,
        "schema": {"type": "string"},
    },
}


def responses(route: Route, actions: tuple[str, ...], named: shape.Schemas) -> dict[str, Any]:
    """Return the answers of a route.

    :param actions: the names of the actions that its body may ask for
    :param named: gathers the schemas that are referred to
    """
    good: dict[str, Any] = {"description": "Done.", "headers": _MADE_BY_US}
    answer = table.of(route)
    if answer is not None:
        good["content"] = {_JSON: {"schema": shape.resolve(answer, microversions.MOST, named)}}
        versions = _versions(answer, route.since, named)
        if len(versions) > 1:
            good["x-openstack-schemas"] = versions
    found = {str(route.status): good}
    for status in {table.of_action(route, action)[0] for action in actions}:
        found.setdefault(str(status), good)
    if (route.method, route.path) in table.GUARDED:
        found["412"] = {"description": "The metadata is not that which If-Match names."}
    return {
        **found,
        "401": {"$ref": "#/components/responses/unauthorized"},
        "default": {"$ref": "#/components/responses/fault"},
    }


def of_actions(
    route: Route, actions: tuple[str, ...], named: shape.Schemas
) -> dict[str, dict[str, Any]]:
    """Return status and, where there is a body, the newest schema of what each action answers.

    OpenAPI can not say that the answer depends on the request, so this is an extension.
    """
    found = {}
    for action in actions:
        status, answer = table.of_action(route, action)
        found[action] = {"status": status}
        if answer is not None:
            found[action]["schema"] = shape.resolve(answer, microversions.MOST, named)
    return found


def _versions(answer: Any, since: int, named: shape.Schemas) -> dict[str, Any]:
    """Return the schemas that an answer has had, by the microversion from which each counts."""
    minors = [since, *sorted(minor for minor in shape.changes(answer) if minor > since)]
    return {f"3.{minor}": shape.resolve(answer, minor, named) for minor in minors}


def fault() -> dict[str, Any]:
    """Return the answer to whatever goes wrong."""
    one = {
        "type": "object",
        "required": ["code", "message"],
        "properties": {
            "code": {"type": "integer"},
            "message": {"type": "string"},
            "retryAfter": {"type": "string"},
        },
        "additionalProperties": False,
    }
    names = sorted({*faults.NAMES.values(), "computeFault"})
    return {
        "description": "What was wrong, in a sentence.",
        "headers": {"x-openstack-request-id": _REQUEST_ID},
        "content": {
            _JSON: {
                "schema": {
                    "type": "object",
                    "minProperties": 1,
                    "maxProperties": 1,
                    "properties": dict.fromkeys(names, one),
                    "additionalProperties": False,
                }
            }
        },
    }


def unauthorized() -> dict[str, Any]:
    """Return the answer to a request without a good token: that of keystonemiddleware."""
    texts = dict.fromkeys(("message", "title"), {"type": "string"})
    return {
        "description": "The token is missing, unknown or too old.",
        "headers": {"x-openstack-request-id": _REQUEST_ID},
        "content": {
            _JSON: {
                "schema": {
                    "type": "object",
                    "required": ["error"],
                    "properties": {
                        "error": {
                            "type": "object",
                            "required": ["code", "message"],
                            "properties": {"code": {"type": "integer"}, **texts},
                        }
                    },
                }
            }
        },
    }
