# SPDX-License-Identifier: Apache-2.0
"""How the volume service becomes root."""

from __future__ import annotations

import shlex

from oslo_config import cfg

CONF = cfg.CONF


def root_helper() -> str:
    """Return the words, in one string, under which os-brick, the copier and LVM run as root."""
    return f"sudo cinder-lite-rootwrap {shlex.quote(CONF.rootwrap_config)}"
