# SPDX-License-Identifier: Apache-2.0
"""[nova] and [service_user]: how Nova is found, and as whom it is called."""

from __future__ import annotations

import functools

from oslo_config import cfg

GROUP = "nova"
SERVICE_USER = "service_user"

OPTS = [
    cfg.StrOpt(
        "region_name",
        help="Region of Nova's endpoint, for a Keystone that has more than one.",
    ),
    cfg.StrOpt(
        "interface",
        default="public",
        choices=["public", "admin", "internal"],
        help="Which of Nova's endpoints in Keystone's catalogue is called.",
    ),
    cfg.StrOpt(
        "token_auth_url",
        help="URL of Keystone, for calls to Nova with the token of a user's request. Needed only "
        "without auth_type in this section.",
    ),
]

SERVICE_USER_OPTS = [
    cfg.BoolOpt(
        "send_service_user_token",
        default=False,
        help="Send a service token along with the token of each call to another service. Nova "
        "then accepts a token that ran out meanwhile. The rest of the section says whose token.",
    ),
]

MIGRATION_OPTS = [
    cfg.FloatOpt(
        "migration_nova_poll_interval",
        default=10.0,
        min=0.01,
        help="Seconds between two looks at an attached volume that Nova moves, for a Nova that "
        "never calls back.",
    ),
    cfg.IntOpt(
        "migration_nova_timeout",
        default=3600,
        min=1,
        help="Seconds after which an attached volume's move fails if no compute host has "
        "connected the new volume. Once one has, the copy takes as long as it takes.",
    ),
    cfg.ListOpt(
        "secrets_keys",
        default=[],
        secret=True,
        help="Keys (32 random bytes each, in URL-safe base64) that encrypt secrets in the "
        "database, such as the CHAP password in an attachment's connection data. The first key "
        "encrypts, all of them decrypt. Every API and volume service needs the same keys. "
        "Without keys, secrets are stored as they are.",
    ),
]


def _session_opts() -> list[cfg.Opt]:
    """Return keystoneauth's options of a session, with a timeout that ends every wait."""
    from keystoneauth1 import loading

    options: list[cfg.Opt] = loading.get_session_conf_options()
    for option in options:
        if option.name == "timeout":
            option.default = 60
    return options


@functools.cache
def register_auth(group: str) -> None:
    """Register the options of keystoneauth for a section, where a client of it is first made.

    They cost a tenth of a second of imports, which only services with such a client spend.
    """
    from keystoneauth1 import loading

    cfg.CONF.register_opts(_session_opts(), group=group)
    loading.register_auth_conf_options(cfg.CONF, group)


def auth_opts() -> list[cfg.Opt]:
    """Return what :func:`register_auth` registers, with the password plugin's, for the sample."""
    from keystoneauth1 import loading

    plugin = loading.get_auth_plugin_conf_options("password")
    common: list[cfg.Opt] = loading.get_auth_common_conf_options()
    return [*common, *plugin, *_session_opts()]
