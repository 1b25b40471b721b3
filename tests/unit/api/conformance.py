# SPDX-License-Identifier: Apache-2.0
"""Every good answer that a test sees is what the API's description says of it.

The client of the tests checks each of its answers, so a field that a view gains or loses at some
microversion, and that the description does not, fails the first test that asks for it.
"""

from __future__ import annotations

import functools
import json
from typing import Any

import jsonschema

from cinder_lite.api import app, microversions, openapi
from cinder_lite.api.answers import shape, table
from cinder_lite.api.router import Route

_GOOD = range(200, 300)


def check(environ: dict[str, Any], asked: bytes, status: int, raw: bytes) -> None:
    """Pass an answer of the application, unless it is a good one that is not as described.

    :param environ: the request
    :param asked: its body
    :raises AssertionError: a status, a field or a value is not as described
    """
    route = app.ROUTER.match(environ["REQUEST_METHOD"], environ.get("PATH_INFO", ""))[0]
    if route is None or status not in _GOOD:
        return
    actions = openapi.actions_of(route)
    if actions:
        (action,) = json.loads(asked)
        expected = table.of_action(route, action)[0]
    else:
        action, expected = "", route.status
    assert status == expected, f"{route.method} {route.path} {action} answers {status}"
    validator = _validator(route, action, _minor(environ))
    if validator is not None:
        validator.validate(json.loads(raw))
    elif (route.method, route.path) not in table.TEXTS:
        assert not raw, f"{route.method} {route.path} {action} answers what is not described"


def _minor(environ: dict[str, Any]) -> int:
    return microversions.parse(environ.get("HTTP_OPENSTACK_API_VERSION"))[0].minor


@functools.cache
def _validator(route: Route, action: str, minor: int) -> Any:
    """Return what validates the answers of a route, None where they have no body."""
    answer = table.of_action(route, action)[1] if action else table.of(route)
    if answer is None:
        return None
    return jsonschema.Draft202012Validator(
        shape.resolve(answer, minor), format_checker=jsonschema.FormatChecker(formats=("uuid",))
    )
