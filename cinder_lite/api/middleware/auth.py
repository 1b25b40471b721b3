# SPDX-License-Identifier: Apache-2.0
"""Makes the caller's context: from what noauth callers say, or from what Keystone confirmed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

import orjson

from cinder_lite import policy
from cinder_lite.api.app import CONTEXT, ROUTER
from cinder_lite.api.middleware import token_cache
from cinder_lite.api.middleware.request_id import GLOBAL_REQUEST_ID, REQUEST_ID
from cinder_lite.context import RequestContext

Application = Callable[..., Iterable[bytes]]

ADMIN = "admin"
DEFAULT_PROJECT = "noauth"
_PLACEHOLDER = "notused"
"""What keystoneauth's plugin ``none`` sends as a token."""
_ADMIN_ROLES = ("admin", "member", "reader")
_MEMBER_ROLES = ("member", "reader")


def noauth(_global_conf: dict[str, str], **_local: str) -> Callable[..., Application]:
    """Return the filter of auth_strategy noauth, for PasteDeploy.

    A token is ``user:project``, as in Cinder; the user ``admin`` is an administrator and everybody
    else a plain member (in Cinder everybody is an administrator). A token without a colon names
    the user, and the URL the project. Without a token the caller is admin in the URL's project.
    """

    def wrap(application: Application) -> Application:
        def run(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            token = environ.get("HTTP_X_AUTH_TOKEN", "")
            user, _, project = token.partition(":")
            if not user or token == _PLACEHOLDER:
                user = ADMIN
            if not project:
                project = ROUTER.project_of(environ.get("PATH_INFO", "")) or DEFAULT_PROJECT
            is_admin = user == ADMIN
            environ[CONTEXT] = RequestContext(
                auth_token=token or None,
                user_id=user,
                project_id=project,
                is_admin=is_admin,
                roles=list(_ADMIN_ROLES if is_admin else _MEMBER_ROLES),
                request_id=environ.get(REQUEST_ID),
                global_request_id=environ.get(GLOBAL_REQUEST_ID),
                remote_address=environ.get("REMOTE_ADDR"),
            )
            return application(environ, start_response)

        return run

    return wrap


def keystone_context(_global_conf: dict[str, str], **_local: str) -> Callable[..., Application]:
    """Return the filter that follows keystonemiddleware's authtoken, for PasteDeploy.

    :raises SystemExit: authtoken would fail on every request
    """
    token_cache.check()

    def wrap(application: Application) -> Application:
        def run(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            context = RequestContext.from_environ(
                environ,
                request_id=environ.get(REQUEST_ID),
                global_request_id=environ.get(GLOBAL_REQUEST_ID),
                remote_address=environ.get("REMOTE_ADDR"),
                service_catalog=_image_service(environ.get("HTTP_X_SERVICE_CATALOG")),
                is_admin=False,
            )
            context.is_admin = policy.is_admin(context)
            context.__dict__.pop("_policy_who", None)
            environ[CONTEXT] = context
            return application(environ, start_response)

        return run

    return wrap


@functools.lru_cache(maxsize=256)
def _image_service(catalog: str | None) -> list[dict[str, Any]]:
    """Return what the caller's catalogue says of the image service; the rest is long and unused."""
    services = orjson.loads(catalog) if catalog else []
    return [service for service in services if service.get("type") == "image"]
