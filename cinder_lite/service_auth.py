# SPDX-License-Identifier: Apache-2.0
"""As whom other services are called: by a section's own user, or with a request's token.

Where ``[service_user] send_service_user_token`` is set, every call carries a service token too.
"""

from __future__ import annotations

import threading
from typing import Any

from oslo_config import cfg

from cinder_lite import exception
from cinder_lite.conf import nova as options
from cinder_lite.context import RequestContext

CONF = cfg.CONF

_lock = threading.Lock()
_plugins: dict[str, Any] = {}


def has_user(group: str) -> bool:
    """Tell whether a section names a user of its own (``auth_type``)."""
    options.register_auth(group)
    return bool(CONF[group].auth_type or CONF[group].auth_section)


def of_section(group: str) -> Any:
    """Return the keystoneauth plugin of a section's own user, one per process.

    :raises InvalidConfigurationValue: the section names none, or can not be read
    """
    options.register_auth(group)
    with _lock:
        if group not in _plugins:
            from keystoneauth1 import loading

            plugin = loading.load_auth_from_conf_options(CONF, group)
            if plugin is None:
                raise exception.InvalidConfigurationValue(
                    option="auth_type",
                    value=CONF[group].auth_type,
                    reason=f"section [{group}] must say as whom other services are called.",
                )
            _plugins[group] = plugin
        return _plugins[group]


def of_request(context: RequestContext, auth_url: str) -> Any:
    """Return a keystoneauth plugin that acts with the token of a request.

    :param auth_url: Keystone
    """
    from keystoneauth1 import identity

    return identity.Token(
        auth_url=auth_url,
        token=context.auth_token or "",
        project_id=context.project_id,
        reauthenticate=False,
    )


def with_service_token(plugin: Any) -> Any:
    """Return a plugin that sends a service token too, if ``[service_user]`` asks for it."""
    if not CONF.service_user.send_service_user_token:
        return plugin
    from keystoneauth1 import service_token

    return service_token.ServiceTokenAuthWrapper(
        user_auth=plugin, service_auth=of_section(options.SERVICE_USER)
    )


def forget() -> None:
    """Forget what was made of the sections: after a reload of the options, and in tests."""
    with _lock:
        _plugins.clear()
