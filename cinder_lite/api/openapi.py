# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI 3.1 description of the API, made of the routing table and the bodies' schemas.

Nothing is written twice: a call that has a route is described, with its rule, its first
microversion and the schema of its body at the newest one. Where a body has had other schemas,
``x-openstack-schemas`` holds each of them by the microversion from which it counts.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from cinder_lite import version
from cinder_lite.api import faults, microversions, openapi_queries
from cinder_lite.api.router import PREFIX, Route
from cinder_lite.api.validation import Body

_NO_BODY = 204


def document(routes: Iterable[Route] | None = None) -> dict[str, Any]:
    """Return the description as a JSON object.

    :param routes: the routes to describe (default: all)
    """
    if routes is None:
        from cinder_lite.api.routes import ROUTES  # brings every handler

        routes = ROUTES
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = f"{PREFIX}/{{tenant_id}}{route.path}"
        paths.setdefault(path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Block Storage API",
            "version": f"3.{microversions.MOST}",
            "summary": "The OpenStack Volume API v3, as cinder_lite serves it.",
            "x-release": version.__version__,
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"}
            },
            "parameters": {"microversion": _microversion()},
            "responses": {"fault": _fault(), "unauthorized": _unauthorized()},
        },
        "security": [{"token": []}],
    }


def _microversion() -> dict[str, Any]:
    versions = "|".join(str(minor) for minor in range(microversions.MOST + 1))
    return {
        "name": microversions.HEADER,
        "in": "header",
        "description": "The microversion to serve; without it, the first.",
        "schema": {
            "type": "string",
            "pattern": rf"^volume (3\.({versions})|latest)$",
            "default": f"volume 3.{microversions.MOST}",
        },
    }


def _fault() -> dict[str, Any]:
    one = {
        "type": "object",
        "required": ["code", "message"],
        "properties": {
            "code": {"type": "integer"},
            "message": {"type": "string"},
            "retryAfter": {"type": "string"},
        },
    }
    names = sorted({*faults.NAMES.values(), "computeFault"})
    return {
        "description": "What was wrong, in a sentence.",
        "content": {
            "application/json": {
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


def _unauthorized() -> dict[str, Any]:
    # keystonemiddleware answers this one, in a form of its own.
    texts = dict.fromkeys(("message", "title"), {"type": "string"})
    return {
        "description": "The token is missing, unknown or too old.",
        "content": {
            "application/json": {
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


def _operation(route: Route) -> dict[str, Any]:
    summary, _, more = (inspect.getdoc(route.handler) or "").partition("\n\n")
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": " ".join(summary.split()),
        "tags": [route.path.split("/")[1]],
        "parameters": [
            {"$ref": "#/components/parameters/microversion"},
            *_path_parameters(route),
            *openapi_queries.parameters(route),
        ],
        "responses": _responses(route),
        "x-openstack": {"min-ver": f"3.{route.since}", "policy": route.policy},
    }
    if more and not more.startswith(":"):
        operation["description"] = more.partition("\n\n:")[0]
    body = _body(route)
    if body is not None:
        operation["requestBody"] = body
    return operation


def _operation_id(route: Route) -> str:
    words = re.findall(r"[A-Za-z0-9]+", route.path)
    return "_".join([route.method.lower(), *words]).lower()


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    names = ["tenant_id", *re.findall(r"{(\w+)}", route.path)]
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "minLength": 1},
        }
        for name in names
    ]


def _responses(route: Route) -> dict[str, Any]:
    good: dict[str, Any] = {"description": "Done."}
    answers = inspect.signature(route.handler).return_annotation
    if route.status != _NO_BODY and not route.bare and answers not in (None, "None"):
        good["content"] = {"application/json": {"schema": {"type": "object"}}}
    responses = {str(route.status): good}
    if actions_of(route):
        # What an action answers is its own: some have a body, and then another status.
        responses.setdefault("200", {"description": "Done."})
        responses.setdefault("202", {"description": "Accepted."})
        for answer in responses.values():
            answer.pop("content", None)
    responses["401"] = {"$ref": "#/components/responses/unauthorized"}
    responses["default"] = {"$ref": "#/components/responses/fault"}
    return responses


def actions_of(route: Route) -> dict[str, Body]:
    """Return the bodies of a route's actions by name; nothing where it is no such route."""
    if not route.path.endswith("/action"):
        return {}
    module, own = sys.modules[route.handler.__module__], f"{route.handler.__name__.upper()}_ACTIONS"
    table = getattr(module, own, None) or getattr(module, "ACTIONS", {})
    return {name: found for name, one in table.items() if (found := _body_in(one)) is not None}


def _body_in(action: Any) -> Body | None:
    """Return the schemas in an entry of a table of actions, whatever its form."""
    if isinstance(action, tuple):
        return next((part for part in action if isinstance(part, Body)), None)
    found = getattr(action, "body", None)
    return found if isinstance(found, Body) else None


def _body(route: Route) -> dict[str, Any] | None:
    if route.body is not None:
        return {"required": True, **_content(route.body)}
    actions = actions_of(route)
    if not actions:
        return None
    schemas = [_newest(body) for body in actions.values()]
    return {
        "required": True,
        "content": {"application/json": {"schema": {"oneOf": schemas}}},
        "x-openstack-actions": sorted(actions),
    }


def _content(body: Body) -> dict[str, Any]:
    content: dict[str, Any] = {"content": {"application/json": {"schema": _newest(body)}}}
    if len(body.schemas) > 1:
        content["x-openstack-schemas"] = {
            f"3.{since}": _plain(schema) for since, schema in body.schemas.items()
        }
    return content


def _newest(body: Body) -> dict[str, Any]:
    found: dict[str, Any] = _plain(body.schemas[max(body.schemas)])
    return found


def _plain(schema: Any) -> Any:
    """Return a schema in types that JSON has."""
    if isinstance(schema, Mapping):
        return {str(key): _plain(value) for key, value in schema.items()}
    if isinstance(schema, list | tuple | set | frozenset):
        return [_plain(value) for value in schema]
    return schema
