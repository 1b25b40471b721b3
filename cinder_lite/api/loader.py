# SPDX-License-Identifier: Apache-2.0
"""Builds the API from api-paste.ini, as operators know it from Cinder."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

from oslo_config import cfg

from cinder_lite import policy
from cinder_lite.api import versions
from cinder_lite.api.middleware import token_cache
from cinder_lite.db import engine

CONF = cfg.CONF
Application = Callable[..., Iterable[bytes]]

NAME = "osapi_volume"
_PRELOADED = (
    "cinder_lite.api.app",
    "oslo_messaging._drivers.impl_rabbit",
    "paste.deploy",
)
_KEYSTONE = "keystone"


def load_app(name: str = NAME) -> Application:
    """Return the whole API as one WSGI application.

    :param name: the section of the paste file
    :raises SystemExit: there is no paste file where api_paste_config says
    """
    from paste import deploy  # noqa: PLC0415 - only the API needs it

    policy.init()
    return deploy.loadapp(f"config:{paste_file()}", name=name)


def check() -> None:
    """Look for what the API can not start without, before there are workers that would all fail.

    :raises SystemExit: something is missing; the sentence says what
    """
    paste_file()
    if CONF.auth_strategy == _KEYSTONE:
        token_cache.check()


def preload() -> None:
    """Import what every worker needs, so that workers share it in memory and start at once.

    Nothing is opened: connections are not for more than one process.
    """
    for name in _PRELOADED:
        importlib.import_module(name)
    engine.load_driver()


def paste_file() -> str:
    """Return the absolute path of the paste file.

    Looked for as it is given if it is absolute, else in oslo.config's directories, in the data
    files of the installation and in the source tree.
    """
    name = str(CONF.api_paste_config)
    here = os.path.dirname(os.path.abspath(__file__))
    candidates = (
        [name]
        if os.path.isabs(name)
        else [
            CONF.find_file(name) or "",
            os.path.join(sys.prefix, "etc", "cinder_lite", name),
            os.path.join(os.path.dirname(os.path.dirname(here)), "etc", "cinder_lite", name),
        ]
    )
    for path in candidates:
        if path and os.path.isfile(path):
            return os.path.abspath(path)
    raise SystemExit(f"There is no file {name}: set [DEFAULT] api_paste_config.")


def root_factory(loader: Any, global_conf: dict[str, str], **local: str) -> Application:
    """Return the application that hands a request to the one that its path begins with.

    Every option is a path and the name of an application. The version documents are served for
    / and for /v3 alike, so that /v3 needs no token to be discovered.
    """
    apps = {
        path.rstrip("/"): loader.get_app(name, global_conf=global_conf)
        for path, name in local.items()
    }
    documents = apps.pop("")
    v3 = apps.pop("/v3")

    def run(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith("/v3/") and len(path) > 4 and path[4] != "/":  # noqa: PLR2004
            return v3(environ, start_response)
        return apps.get(path, documents)(environ, start_response)

    return run


def pipeline_factory(loader: Any, global_conf: dict[str, str], **local: str) -> Application:
    """Return the pipeline of the auth_strategy in force: filters, then the application."""
    names = local[str(CONF.auth_strategy)].split()
    application: Application = loader.get_app(names[-1], global_conf=global_conf)
    for name in reversed(names[:-1]):
        application = loader.get_filter(name, global_conf=global_conf)(application)
    return application


def v3_factory(_global_conf: dict[str, str], **_local: str) -> Application:
    """Return the application of /v3."""
    from cinder_lite.api.app import application  # noqa: PLC0415 - brings the handlers

    return application


def versions_factory(_global_conf: dict[str, str], **_local: str) -> Application:
    """Return the application that serves the version documents, and 404 elsewhere."""
    return versions.application
