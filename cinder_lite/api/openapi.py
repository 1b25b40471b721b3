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

from cinder_lite import states, version
from cinder_lite.api import microversions, openapi_answers, openapi_queries
from cinder_lite.api.answers.shape import Schemas
from cinder_lite.api.router import PREFIX, Route
from cinder_lite.api.validation import Body

_NOT_BLANK = r"[^\s\x1c-\x1f\x85]"
"""Python takes a few more characters for blanks than the regular expressions of JSON Schema."""
_FORMATS: dict[str, dict[str, Any]] = {
    "name": {"pattern": _NOT_BLANK},
    "disabled_reason": {"pattern": _NOT_BLANK},
    "group_status": {"enum": list(states.GROUP_STATUSES)},
    "backup_status": {"enum": list(states.BACKUP_STATUSES_TO_WRITE)},
}
"""What the formats of our own mean, in the words of JSON Schema."""

_DESCRIPTION = """\
Parameters of a query that are not described here are passed over, as in Cinder; lists take them
for filters that nothing passes, or refuse them where the operator has named the filters.

What a schema can not say is refused with a fault all the same: a key of the URL that is another
than that of the body, two parameters that exclude each other, a name that nothing has, a state
of a volume that forbids what is asked for. An unknown call is a fault 404, whatever its method.
"""


def document(routes: Iterable[Route] | None = None) -> dict[str, Any]:
    """Return the description as a JSON object.

    :param routes: the routes to describe (default: all)
    """
    if routes is None:
        from cinder_lite.api.routes import ROUTES  # brings every handler

        routes = ROUTES
    paths: dict[str, dict[str, Any]] = {}
    named: Schemas = {}
    for route in routes:
        path = f"{PREFIX}/{{tenant_id}}{route.path}"
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, named)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Block Storage API",
            "version": f"3.{microversions.MOST}",
            "summary": "The OpenStack Volume API v3, as cinder_lite serves it.",
            "description": _DESCRIPTION,
            "x-release": version.__version__,
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"}
            },
            "parameters": {"microversion": _microversion()},
            "responses": {
                "fault": openapi_answers.fault(),
                "unauthorized": openapi_answers.unauthorized(),
            },
            "schemas": named,
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


def _operation(route: Route, named: Schemas) -> dict[str, Any]:
    summary, _, more = (inspect.getdoc(route.handler) or "").partition("\n\n")
    actions = tuple(sorted(actions_of(route)))
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": " ".join(summary.split()),
        "tags": [route.path.split("/")[1]],
        "parameters": [
            {"$ref": "#/components/parameters/microversion"},
            *_path_parameters(route),
            *openapi_queries.parameters(route),
        ],
        "responses": openapi_answers.responses(route, actions, named),
        "x-openstack": {"min-ver": f"3.{route.since}", "policy": route.policy},
    }
    if more and not more.startswith(":"):
        operation["description"] = more.partition("\n\n:")[0]
    body = _body(route)
    if body is not None:
        operation["requestBody"] = body
    if actions:
        operation["x-openstack-answers"] = openapi_answers.of_actions(route, actions, named)
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


def actions_of(route: Route) -> dict[str, Body]:
    """Return the bodies of a route's actions by name; nothing where it is no such route."""
    if not route.path.endswith("/action"):
        return {}
    module, own = sys.modules[route.handler.__module__], f"{route.handler.__name__.upper()}_ACTIONS"
    table = getattr(module, own, None) or getattr(module, "ACTIONS", {})
    return {name: found for name, one in table.items() if (found := _body_in(one)) is not None}


def _body_in(action: Any) -> Body | None:
    """Return the schemas in an entry of a table of actions, whatever its form."""
    if isinstance(action, Body):
        return action
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
        "content": {
            "application/json": {"schema": {"oneOf": schemas} if schemas[1:] else schemas[0]}
        },
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
        plain = {str(key): _plain(value) for key, value in schema.items()}
        named = plain.get("format")
        if isinstance(named, str) and named in _FORMATS:
            del plain["format"]
            plain |= _FORMATS[named]
        return plain
    if isinstance(schema, list | tuple | set | frozenset):
        return [_plain(value) for value in schema]
    return schema
