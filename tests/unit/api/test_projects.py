# SPDX-License-Identifier: Apache-2.0
"""Whether a project exists is asked of Keystone, where there is one."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest
from keystoneauth1 import loading
from keystonemiddleware import auth_token
from oslo_config import cfg

from cinder_lite.db import default_types, volume_types
from tests.unit.api.client import MEMBER, OTHER_PROJECT, PROJECT, Client
from tests.unit.conftest import SetOption

_STATUSES = {PROJECT: 200, OTHER_PROJECT: 403, "broken": 500}
"""What the stand-in for Keystone answers about a project; 404 about any other."""


class _Keystone(http.server.BaseHTTPRequestHandler):
    """Answers GET /v3/projects/{id}, and keeps what it is asked with."""

    asked: list[tuple[str, str | None]] = []

    def do_GET(self) -> None:
        """Answer."""
        self.asked.append((self.path, self.headers["X-Auth-Token"]))
        body = b"{}"
        self.send_response(_STATUSES.get(self.path.rpartition("/")[2], 404))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def keystone(api: Client, option: SetOption) -> Iterator[list[tuple[str, str | None]]]:
    """Run the stand-in, and return what it is asked."""
    assert auth_token  # registers [keystone_authtoken], but for what the plugin needs
    cfg.CONF.register_opts(loading.get_auth_plugin_conf_options("password"), "keystone_authtoken")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Keystone)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    option("auth_type", "password", "keystone_authtoken")
    option("auth_url", f"http://127.0.0.1:{server.server_port}", "keystone_authtoken")
    option("auth_strategy", "keystone")
    _Keystone.asked.clear()
    yield _Keystone.asked
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def body(api: Client) -> dict[str, dict[str, str]]:
    """Return a body that names a type."""
    kind = volume_types.create({"name": "gold"}, {})
    return {"default_type": {"volume_type": kind.id}}


def test_a_project_that_there_is(
    api: Client, keystone: list[tuple[str, str | None]], body: dict[str, dict[str, str]]
) -> None:
    assert api("PUT", f"/default-types/{PROJECT}", body).status == 200
    assert keystone == [(f"/v3/projects/{PROJECT}", f"admin:{PROJECT}")]
    assert api("GET", f"/default-types/{PROJECT}").status == 200


def test_a_project_that_there_is_not(
    api: Client, keystone: list[tuple[str, str | None]], body: dict[str, dict[str, str]]
) -> None:
    for method, sent in (("PUT", body), ("GET", None)):
        answer = api(method, "/default-types/a%20b", sent)
        assert (answer.status, "a%20b" in answer.sentence) == (404, True)
    assert keystone[0][0] == "/v3/projects/a%2520b"
    assert default_types.get("a%20b") is None


def test_the_default_type_of_a_project_that_is_no_more_is_unset(
    api: Client, keystone: list[tuple[str, str | None]], body: dict[str, dict[str, str]]
) -> None:
    default_types.put("gone", body["default_type"]["volume_type"])
    assert api("DELETE", "/default-types/gone").status == 204
    assert default_types.get("gone") is None


@pytest.mark.parametrize(("project", "status"), [(OTHER_PROJECT, 403), ("broken", 503)])
def test_keystone_refuses_or_fails(
    api: Client,
    keystone: list[tuple[str, str | None]],
    body: dict[str, dict[str, str]],
    project: str,
    status: int,
) -> None:
    answer = api("PUT", f"/default-types/{project}", body)
    assert (answer.status, project in answer.sentence) == (status, True)
    assert default_types.get(project) is None


def test_who_may_not_is_refused_without_asking(
    api: Client, keystone: list[tuple[str, str | None]], body: dict[str, dict[str, str]]
) -> None:
    assert api("PUT", f"/default-types/{PROJECT}", body, token=MEMBER).status == 403
    assert keystone == []


def test_noauth_knows_no_projects(api: Client, body: dict[str, dict[str, str]]) -> None:
    assert api("PUT", "/default-types/whatever", body).status == 200
