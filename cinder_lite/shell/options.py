# SPDX-License-Identifier: Apache-2.0
"""The options that every command shares: where the service is, and how much is said."""

from __future__ import annotations

import argparse
import os
from typing import Never

from cinder_lite.shell.errors import UsageError

CLOUD_OPTIONS = {
    "cloud": "cloud of clouds.yaml to use (OS_CLOUD)",
    "auth-type": "kind of credentials: password, token, v3applicationcredential, none, ...",
    "auth-url": "address of Keystone",
    "endpoint": "address of the volume service, with --os-auth-type none",
    "endpoint-override": "address of the volume service, instead of the catalogue's",
    "username": "user name",
    "user-id": "user id",
    "password": "password",
    "token": "token, with --os-auth-type token",
    "project-name": "project name",
    "project-id": "project id",
    "user-domain-name": "domain of the user, by name",
    "user-domain-id": "domain of the user, by id",
    "project-domain-name": "domain of the project, by name",
    "project-domain-id": "domain of the project, by id",
    "system-scope": "scope of the token instead of a project: all",
    "application-credential-id": "application credential, by id",
    "application-credential-name": "application credential, by name",
    "application-credential-secret": "secret of the application credential",
    "region-name": "region of the catalogue",
    "interface": "endpoint interface: public, internal, admin",
    "cacert": "file of CA certificates to trust",
    "cert": "client certificate file",
    "key": "client key file",
}
"""The --os-* options and what they mean; openstacksdk reads the same names as OS_* variables."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints become our one-sentence errors."""

    def error(self, message: str) -> Never:
        """Raise UsageError instead of printing the usage and leaving."""
        raise UsageError(f"{message[:1].upper()}{message[1:]}", self.prog)


def global_parser(program: str, description: str) -> Parser:
    """Return the parser of the shared options.

    Help and version are plain flags, so that one place decides what is printed. Abbreviations
    are off: an abbreviated shared option could be an option of the command.
    """
    parser = Parser(prog=program, description=description, add_help=False, allow_abbrev=False)
    parser.usage = "%(prog)s [options] COMMAND [arguments]"
    parser.add_argument("-h", "--help", action="store_true", help="show help and exit")
    parser.add_argument("--version", action="store_true", help="show the version and exit")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress, no remarks")
    parser.add_argument(
        "--debug", action="store_true", help="show each request, and tracebacks, on stderr"
    )
    simple = parser.add_argument_group("a service without Keystone")
    simple.add_argument(
        "--endpoint",
        metavar="URL",
        help="address of the service, for example http://127.0.0.1:8776 (CINDER_LITE_ENDPOINT)",
    )
    simple.add_argument(
        "--token",
        metavar="USER:PROJECT",
        help="who asks, default admin:admin (CINDER_LITE_TOKEN)",
    )
    cloud = parser.add_argument_group(
        "a service in an OpenStack cloud",
        "clouds.yaml and all OS_* variables of openstacksdk are read; these options come first",
    )
    for name, text in CLOUD_OPTIONS.items():
        cloud.add_argument(f"--os-{name}", metavar=name.rpartition("-")[2].upper(), help=text)
    cloud.add_argument("--insecure", action="store_true", help="do not verify certificates")
    return parser


def cloud_options(options: argparse.Namespace) -> dict[str, str]:
    """Return the --os-* options that were given, named as openstacksdk names them."""
    given = {}
    for name in CLOUD_OPTIONS:
        key = name.replace("-", "_")
        value = getattr(options, f"os_{key}")
        if value:
            given["block_storage_endpoint_override" if key == "endpoint_override" else key] = value
    return given


def plain_endpoint(options: argparse.Namespace) -> str | None:
    """Return the address of a service without Keystone, or None where a cloud is meant.

    An option wins over a variable, and --os-* options over CINDER_LITE_ENDPOINT.

    :raises UsageError: both kinds of address were given as options, or the URL is not one
    """
    clouds = cloud_options(options)
    if options.endpoint and clouds:
        raise UsageError("--endpoint and the --os-* options exclude each other")
    endpoint = options.endpoint or (None if clouds else os.environ.get("CINDER_LITE_ENDPOINT"))
    if endpoint and not endpoint.startswith(("http://", "https://")):
        raise UsageError(f"'{endpoint}' is not an http:// or https:// address")
    return endpoint or None


def plain_token(options: argparse.Namespace) -> str:
    """Return the token of a service without Keystone, ``user:project``."""
    return options.token or os.environ.get("CINDER_LITE_TOKEN") or "admin:admin"
