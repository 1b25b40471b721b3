# SPDX-License-Identifier: Apache-2.0
"""[key_manager] options of our own; castellan has the others, ``backend`` first of all."""

from __future__ import annotations

from oslo_config import cfg

GROUP = "key_manager"

OPTS = [
    cfg.StrOpt(
        "fixed_key",
        secret=True,
        deprecated_group="keymgr",
        help="The one key, in hexadecimal digits, of every encrypted volume, where backend is "
        "cinder_lite.keymgr.conf_key_mgr.ConfKeyManager. For tests: whoever reads this file can "
        "read every volume. With another backend it still opens the volumes that were made with "
        "it.",
    ),
]
