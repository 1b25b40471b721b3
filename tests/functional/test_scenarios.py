# SPDX-License-Identifier: Apache-2.0
"""What the API is asked and what it answers, resource by resource, as anybody can read it.

Each file of ``scenarios`` is a list of requests with their answers, in gabbi's format, sent one
after another to every database's services. A file has a project of its own, in which nothing may be
left. All requests are an administrator's and of the newest microversion unless they say otherwise;
``HOST`` and ``OTHER`` stand for two backends of one host.
"""

from __future__ import annotations

import re
import unittest
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from gabbi import handlers, suitemaker
from gabbi.handlers.base import ContentHandler

from cinder_lite.api import openapi
from cinder_lite.api.routes import ROUTES
from tests.functional.harness import process
from tests.functional.harness.api import LATEST
from tests.functional.harness.deployment import Deployment

DIRECTORY = Path(__file__).with_name("scenarios")
FILES = sorted(DIRECTORY.glob("*.yaml"))
KEPT = ("volumes", "snapshots", "attachments", "groups", "group_snapshots", "volume-transfers")
"""Resources of a project, of which none may be left."""
_TAKEN = re.compile(r"\$(HISTORY|RESPONSE)\[[^\]]*\](\.\$RESPONSE\[[^\]]*\])?")
DATABASES = ("mariadb", "postgresql", "standalone")
"""Deployments on each of the databases; the last one has SQLite."""
POLL = {"count": 150, "delay": 0.1}


class Keys(ContentHandler):
    """``response_json_keys``: the names of all fields of an object, in any order."""

    test_key_suffix = "json_keys"
    test_key_value: dict[str, list[str]] = {}

    @staticmethod
    def accepts(content_type: str) -> bool:
        """Tell whether a content type is JSON's; what reads the body is not this handler."""
        return False

    def action(self, test: Any, item: str, value: Any = None) -> None:
        """Compare the names."""
        found = handlers.jsonhandler.JSONHandler.extract_json_path_value(test.response_data, item)
        test.assertEqual(sorted(value), sorted(found), f"fields of {item}")


def test_every_call_is_in_a_scenario() -> None:
    """There is no call of the API, and no action, that no file shows."""
    wanted = {
        (route.method, route.path, action)
        for route in ROUTES
        for action in openapi.actions_of(route) or (None,)
    }
    assert wanted - {_shown(*call) for path in FILES for call in _calls(path)} == set()


def _calls(path: Path) -> Iterator[tuple[str, str, str | None]]:
    """Yield what a file asks: method, path with ``x`` for names, and the body's first word."""
    for test in yaml.safe_load(path.read_text())["tests"]:
        [(method, url)] = [(key, test[key]) for key in test if key.isupper()]
        plain = _TAKEN.sub("x", url).partition("?")[0].replace("PROJECT", "x")
        if plain.startswith("/"):
            yield method, plain, next(iter(test.get("data") or [None]))


def _shown(method: str, path: str, body: str | None) -> tuple[str, str, str | None]:
    """Return a call's method, path as routed, and action where the route has actions."""
    found = [
        route
        for route in ROUTES
        if route.method == method and re.fullmatch(re.sub("{[^}]*}", "[^/]+", route.path), path)
    ]
    assert found, f"{method} {path} is no call of the API"
    route = min(found, key=lambda one: one.path.count("{"))
    return method, route.path, body if openapi.actions_of(route) else None


@pytest.mark.parametrize("deployment", DATABASES, indirect=True)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_scenario(deployment: Deployment, path: Path) -> None:
    """Every answer of a scenario is as written, and its project is empty in the end."""
    project = uuid.uuid4().hex
    scenario = _read(deployment, path, project)
    suite = suitemaker.test_suite_from_dict(
        unittest.TestLoader(),
        path.stem,
        scenario,
        str(DIRECTORY),
        "127.0.0.1",
        deployment.port,
        None,
        None,
        prefix=f"/v3/{project}",
        handlers=[handler() for handler in (*handlers.RESPONSE_HANDLERS, Keys)],
    )
    result = unittest.TestResult()
    result.failfast = True
    suite.run(result)
    for case, told in (*result.failures, *result.errors):
        name = getattr(case, "test_data", {}).get("name")
        pytest.fail(f"{path.name}: {name}:\n{told}", pytrace=False)
    assert result.testsRun == len(scenario["tests"])
    assert not result.skipped
    assert not result.unexpectedSuccesses
    process.wait_until(lambda: not _left(deployment, project), 30, "the project to be empty")


def _read(deployment: Deployment, path: Path, project: str) -> dict[str, Any]:
    """Return a scenario with its defaults, for a deployment."""
    host, other = deployment.local_pair
    text = path.read_text().replace("HOST", host).replace("OTHER", other)
    text = text.replace("PROJECT", project)
    scenario: dict[str, Any] = yaml.safe_load(text)
    scenario["defaults"] = {
        "request_headers": {
            "x-auth-token": deployment.token("admin", project),
            "openstack-api-version": f"volume {LATEST}",
            "content-type": "application/json",
            # gabbi leaves a connection behind for every request; the API takes a hundred.
            "connection": "close",
        },
        **scenario.get("defaults", {}),
    }
    for test in scenario["tests"]:
        if test.get("poll") is True:
            test["poll"] = POLL
    return scenario


def _left(deployment: Deployment, project: str) -> list[Any]:
    """Return what there is of a project."""
    found: list[Any] = []
    for resource in KEPT:
        answer = deployment.request("GET", f"/{resource}", project=project)
        assert answer.status_code == 200, answer.text
        [listed] = answer.json().values()
        found += listed
    return found
