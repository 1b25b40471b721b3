# SPDX-License-Identifier: Apache-2.0
"""[DEFAULT] options of volume transfers and of groups."""

from __future__ import annotations

from oslo_config import cfg

OPTS = [
    cfg.IntOpt(
        "volume_transfer_salt_length",
        default=8,
        min=8,
        max=255,
        help="Characters of the salt under which the key of a volume transfer is hashed.",
    ),
    cfg.IntOpt(
        "volume_transfer_key_length",
        default=16,
        min=8,
        max=255,
        help="Characters of the key of a volume transfer.",
    ),
    cfg.StrOpt(
        "default_group_type",
        help="Name of the group type that GET /group_types/default shows.",
    ),
]
