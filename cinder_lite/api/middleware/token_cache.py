# SPDX-License-Identifier: Apache-2.0
"""Whether keystonemiddleware can keep tokens in memcached as its section asks for.

It looks for the client library at the first request, whose answer, like that of every later one,
is then a 500. Here it is looked for when the API starts.
"""

from __future__ import annotations

import importlib
import importlib.util

from oslo_config import cfg
from oslo_log import log as logging

LOG = logging.getLogger(__name__)
CONF = cfg.CONF


def check() -> None:
    """Look for the library that ``[keystone_authtoken] memcached_servers`` needs.

    oslo.cache's pools, which keystonemiddleware uses, import ``memcache``, and for TLS and SASL
    ``bmemcached``.

    :raises SystemExit: it is not installed
    """
    importlib.import_module("keystonemiddleware.auth_token")  # registers the section's options
    section = CONF.keystone_authtoken
    if not section.memcached_servers:
        return
    if section.memcache_tls_enabled or section.memcache_sasl_enabled:
        module, package = "bmemcached", "python-binary-memcached"
    else:
        module, package = "memcache", "python-memcached"
    if importlib.util.find_spec(module) is None:
        sentence = (
            "[keystone_authtoken] memcached_servers is set, but its client library is not "
            f"installed. Install {package}, or remove the option to keep tokens in each process."
        )
        LOG.critical(sentence)
        raise SystemExit(sentence)
