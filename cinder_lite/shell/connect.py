# SPDX-License-Identifier: Apache-2.0
"""Makes the connection that the options describe; the only module that knows openstacksdk.

Imported when a command first talks to the service, because keystoneauth (0.1 s) and openstacksdk
(0.25 s) are slow to import and ``--help`` needs neither.
"""

from __future__ import annotations

import argparse
import os
import warnings
from typing import Any
from urllib.parse import urlsplit

from keystoneauth1.adapter import Adapter
from keystoneauth1.session import Session
from keystoneauth1.token_endpoint import Token

from cinder_lite.shell import options as shared
from cinder_lite.shell.client import Client
from cinder_lite.shell.errors import BadConfiguration, NotConfigured
from cinder_lite.version import __version__

MICROVERSION = "3.71"
"""Sent with every request; the newest that Cinder has had since 2024.1."""

REQUEST_TIMEOUT = 60.0
"""Seconds without a byte before a request is given up."""

_SERVICE = "block-storage"


def connect(options: argparse.Namespace) -> Client:
    """Return a client for the service that the shared options and the environment name.

    No request is sent yet, except to Keystone when the client is first used.

    :raises UsageError: the options contradict each other
    :raises NotConfigured: no address and no cloud is given
    :raises BadConfiguration: clouds.yaml or the OS_* variables cannot be used
    """
    endpoint = shared.plain_endpoint(options)
    if endpoint:
        return _plain(endpoint, shared.plain_token(options))
    return _cloud(options)


def volume_url(url: str, project: str | None) -> str:
    """Complete the address of a service to where its resources are.

    :param url: ``http://host:8776``, ``http://host:8776/v3`` or the whole path
    :param project: project id to add where the path ends in /v3 or before; None adds none
    """
    url = url.rstrip("/")
    if "v3" not in urlsplit(url).path.split("/"):
        url += "/v3"
    return f"{url}/{project}" if project and url.endswith("/v3") else url


def _plain(endpoint: str, token: str) -> Client:
    _, colon, project = token.partition(":")
    url = volume_url(endpoint, project if colon and project else "admin")
    session = Session(
        auth=Token(endpoint=url, token=token),
        timeout=REQUEST_TIMEOUT,
        app_name="cinder-lite",
        app_version=__version__,
    )
    adapter = Adapter(
        session, service_type=_SERVICE, endpoint_override=url, default_microversion=MICROVERSION
    )
    return Client(adapter, "that it runs, and the address given with --endpoint")


def _cloud(options: argparse.Namespace) -> Client:
    region = _region(options)
    if region.config.get("api_timeout") is None:
        region.config["api_timeout"] = REQUEST_TIMEOUT
    override = region.get_endpoint(_SERVICE)
    if override:
        nobody = region.config.get("auth_type") == "none"
        override = volume_url(override, "admin" if nobody else None)
    adapter = Adapter(
        region.get_session(),
        service_type=_SERVICE,
        interface=region.get_interface(_SERVICE),
        region_name=region.get_region_name(_SERVICE),
        endpoint_override=override,
        min_version="3.0",
        max_version="3.latest",
        default_microversion=MICROVERSION,
    )
    return Client(adapter, "the network, and the cloud's settings (auth_url, region, interface)")


def _region(options: argparse.Namespace) -> Any:
    from keystoneauth1 import exceptions as ksa

    # openstacksdk warns about other services than ours, on the stderr that we keep for one sentence
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from openstack import exceptions as sdk
        from openstack.config import OpenStackConfig

        given: dict[str, Any] = dict(shared.cloud_options(options))
        if options.insecure:
            given["verify"] = False
        try:
            config = OpenStackConfig(app_name="cinder-lite", app_version=__version__)
            return config.get_one(**given)
        except ksa.MissingRequiredOptions as error:
            if not given and not any(name.startswith("OS_") for name in os.environ):
                raise NotConfigured from error
            missing = ", ".join(sorted(option.name for option in error.options))
            raise BadConfiguration(f"these are missing: {missing}") from error
        except (sdk.ConfigException, ksa.AuthPluginException, OSError, ValueError) as error:
            raise BadConfiguration(str(error)) from error
