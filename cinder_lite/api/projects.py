# SPDX-License-Identifier: Apache-2.0
"""Asks Keystone whether there is a project that a URL names."""

from __future__ import annotations

import urllib.parse
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import exception
from cinder_lite.context import RequestContext

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

_SECTION = "keystone_authtoken"
_SECONDS = 30
"""How long Keystone may take, where http_connect_timeout does not say."""


class ProjectNotFound(exception.NotFound):
    """Keystone knows no such project."""

    message = "There is no project %(project_id)s: Keystone does not know it."
    safe = True


def check(context: RequestContext, project_id: str) -> None:
    """Pass a project that there is; with noauth, where nobody knows, any.

    Keystone is asked with the caller's token, as Cinder does.

    :raises ProjectNotFound: there is none
    :raises NotAuthorized: Keystone does not let the caller look at it
    :raises ServiceUnavailable: Keystone does not answer
    """
    if CONF.auth_strategy != "keystone":
        return
    from keystoneauth1 import exceptions

    try:
        _ask(context, f"/projects/{urllib.parse.quote(project_id, safe='')}")
    except exceptions.NotFound:
        raise ProjectNotFound(project_id=project_id) from None
    except (exceptions.Unauthorized, exceptions.Forbidden):
        raise exception.NotAuthorized(
            f"Keystone does not let you look at project {project_id}."
        ) from None
    except exceptions.ClientException as error:
        LOG.error("Keystone did not say whether project %s exists: %s", project_id, error)
        raise exception.ServiceUnavailable(
            f"Keystone does not tell whether there is a project {project_id}. Try again later."
        ) from error


def _ask(context: RequestContext, path: str) -> None:
    """Send a GET to Keystone's v3 API with the caller's token."""
    from keystoneauth1 import loading, session, token_endpoint

    section = CONF[_SECTION]
    plugin: Any = loading.load_auth_from_conf_options(CONF, _SECTION)
    url = str(plugin.auth_url).rstrip("/")
    endpoint = url if url.endswith("/v3") else f"{url}/v3"
    session.Session(
        auth=token_endpoint.Token(endpoint=endpoint, token=context.auth_token or ""),
        verify=False if section.insecure else section.cafile or True,
        cert=(section.certfile, section.keyfile) if section.certfile else None,
        timeout=section.http_connect_timeout or _SECONDS,
    ).get(
        f"{endpoint}{path}",
        headers={"X-OpenStack-Request-ID": context.global_request_id or context.request_id or ""},
    )
