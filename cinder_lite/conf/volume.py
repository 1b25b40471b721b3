# SPDX-License-Identifier: Apache-2.0
"""[DEFAULT] options of cinder-lite-volume: which backends it runs and how volumes move."""

from __future__ import annotations

from oslo_config import cfg

OPTS = [
    cfg.ListOpt(
        "enabled_backends",
        default=[],
        help="Backends of this node; each names the section of its options.",
    ),
    cfg.IntOpt(
        "backend_stats_polling_interval",
        default=60,
        min=3,
        help="Seconds between two reports of a backend's capacity to the schedulers.",
    ),
    cfg.IntOpt(
        "migration_create_volume_timeout_secs",
        default=300,
        min=1,
        help="Seconds to wait for the target of a migration to be created.",
    ),
    cfg.IntOpt(
        "migration_settle_interval",
        default=30,
        min=1,
        help="Seconds between two looks of a volume service, and of a scheduler, for "
        "migrations that nobody works on (a message that was lost with its broker or its "
        "reader), which they then take up.",
    ),
    cfg.IntOpt(
        "migration_scheduling_timeout",
        default=120,
        min=1,
        help="Seconds after which a migration that no scheduler has answered fails.",
    ),
]
