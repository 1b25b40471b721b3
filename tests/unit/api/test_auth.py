# SPDX-License-Identifier: Apache-2.0
"""Who a request comes from, with noauth and with what keystonemiddleware has confirmed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from cinder_lite import policy
from cinder_lite.api.app import CONTEXT
from cinder_lite.api.middleware import auth
from cinder_lite.context import RequestContext
from tests.unit.api.client import PROJECT, Client
from tests.unit.conftest import SetOption


def _context(
    factory: Callable[..., Any], path: str = f"/v3/{PROJECT}/volumes", **environ: Any
) -> RequestContext:
    seen: list[RequestContext] = []

    def application(environ: dict[str, Any], _start: Any) -> Iterable[bytes]:
        seen.append(environ[CONTEXT])
        return []

    sent = {
        "PATH_INFO": path,
        "openstack.request_id": "req-1",
        "REMOTE_ADDR": "10.0.0.1",
        **environ,
    }
    list(factory({})(application)(sent, None))
    return seen[0]


@pytest.mark.parametrize(
    ("token", "user", "project", "is_admin"),
    [
        (f"admin:{PROJECT}", "admin", PROJECT, True),
        (f"demo:{PROJECT}", "demo", PROJECT, False),
        ("demo:other", "demo", "other", False),
        ("demo", "demo", PROJECT, False),
        ("admin", "admin", PROJECT, True),
        ("notused", "admin", PROJECT, True),
        ("", "admin", PROJECT, True),
        (None, "admin", PROJECT, True),
        ("a:b:c", "a", "b:c", False),
    ],
)
def test_noauth(token: str | None, user: str, project: str, is_admin: bool) -> None:
    environ = {} if token is None else {"HTTP_X_AUTH_TOKEN": token}
    context = _context(auth.noauth, **environ)
    assert (context.user_id, context.project_id, context.is_admin) == (user, project, is_admin)
    assert ("admin" in context.roles) is is_admin
    assert (context.request_id, context.remote_address) == ("req-1", "10.0.0.1")


def test_noauth_without_a_project_anywhere() -> None:
    assert _context(auth.noauth, "/v3/volumes").project_id == "noauth"


@pytest.mark.parametrize(("roles", "is_admin"), [("admin", True), ("member,reader", False)])
def test_keystone(roles: str, is_admin: bool) -> None:
    policy.reset()
    context = _context(
        auth.keystone_context,
        HTTP_X_USER_ID="u",
        HTTP_X_PROJECT_ID="p",
        HTTP_X_ROLES=roles,
        HTTP_X_AUTH_TOKEN="t",
        **{"openstack.global_request_id": "req-2"},
    )
    assert (context.user_id, context.project_id, context.is_admin) == ("u", "p", is_admin)
    assert (context.request_id, context.global_request_id) == ("req-1", "req-2")
    assert policy.allowed(context, "admin_api") is is_admin


def test_keystone_system_scope_is_refused() -> None:
    policy.reset()
    context = _context(
        auth.keystone_context,
        HTTP_X_USER_ID="u",
        HTTP_X_ROLES="admin",
        HTTP_OPENSTACK_SYSTEM_SCOPE="all",
    )
    assert context.system_scope == "all"
    assert not policy.allowed(context, "volume:get_all")


def test_the_pipeline_of_keystone_refuses_who_has_no_token(
    sqlite_database: str, option: SetOption
) -> None:
    from keystonemiddleware import auth_token

    from cinder_lite.api import loader

    option("auth_strategy", "keystone")
    assert auth_token  # registers [keystone_authtoken]
    option("www_authenticate_uri", "http://127.0.0.1:9/v3", "keystone_authtoken")
    api = Client(loader.load_app())
    answer = api("GET", "/volumes", token=None)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == 'Keystone uri="http://127.0.0.1:9/v3"'
    assert "x-openstack-request-id" in answer.headers
    assert api("GET", "/v3/", token=None).status == 200
    assert api("GET", "/", token=None).status == 300
