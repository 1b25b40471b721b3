# SPDX-License-Identifier: Apache-2.0
"""[DEFAULT] options of cinder-lite-api."""

from __future__ import annotations

from oslo_config import cfg

OPTS = [
    cfg.StrOpt(
        "osapi_volume_listen",
        default="0.0.0.0",  # Cinder's default; operators expect it
        help="IP address on which cinder-lite-api listens.",
    ),
    cfg.PortOpt(
        "osapi_volume_listen_port",
        default=8776,
        help="Port on which cinder-lite-api listens.",
    ),
    cfg.IntOpt(
        "osapi_volume_workers",
        min=1,
        help="Number of cinder-lite-api worker processes; without it, one for each CPU, "
        "four at the most.",
    ),
    cfg.StrOpt(
        "auth_strategy",
        default="keystone",
        choices=["noauth", "noauth_include_project_id", "keystone"],
        help="How callers are authenticated. The noauth strategies believe what the caller "
        "says in X-Auth-Token and are for tests.",
    ),
    cfg.StrOpt(
        "api_paste_config",
        default="api-paste.ini",
        help="PasteDeploy configuration of the API's pipelines; looked for in the "
        "configuration directories.",
    ),
    cfg.IntOpt(
        "osapi_max_limit",
        default=1000,
        min=1,
        help="The most items that one answer of a list holds.",
    ),
    cfg.StrOpt(
        "resource_query_filters_file",
        default="/etc/cinder_lite/resource_filters.json",
        help="JSON file that says by what lists may be filtered; where there is none, by what "
        "GET /resource_filters names.",
    ),
    cfg.StrOpt(
        "public_endpoint",
        help="URL to put into links in place of the one that the request came by, for "
        "an API behind a proxy, for example https://volume.example.org.",
    ),
    cfg.IntOpt(
        "osapi_max_request_body_size",
        default=114688,
        min=1,
        help="The largest request body accepted, in bytes.",
    ),
    cfg.IntOpt(
        "client_socket_timeout",
        default=900,
        min=0,
        help="Seconds after which an idle client connection is closed; 0 never closes it.",
    ),
    cfg.IntOpt(
        "wsgi_default_pool_size",
        default=100,
        min=1,
        help="The most requests that one API worker process handles at once.",
    ),
    cfg.IntOpt(
        "max_header_line",
        default=16384,
        min=1024,
        help="The longest request header line accepted, in bytes; Keystone tokens with many "
        "roles may need more.",
    ),
]
