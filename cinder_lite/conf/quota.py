# SPDX-License-Identifier: Apache-2.0
"""[DEFAULT] options of quotas: what a project may use where no quota of its own is set."""

from __future__ import annotations

from oslo_config import cfg

OPTS = [
    cfg.IntOpt("quota_volumes", default=10, help="Volumes per project; -1 is unlimited."),
    cfg.IntOpt("quota_snapshots", default=10, help="Snapshots per project; -1 is unlimited."),
    cfg.IntOpt("quota_groups", default=10, help="Groups per project; -1 is unlimited."),
    cfg.IntOpt(
        "quota_gigabytes",
        default=1000,
        help="GiB of volumes and snapshots per project; -1 is unlimited.",
    ),
    cfg.IntOpt("quota_backups", default=10, help="Backups per project; -1 is unlimited."),
    cfg.IntOpt(
        "quota_backup_gigabytes",
        default=1000,
        help="GiB of backups per project; -1 is unlimited.",
    ),
    cfg.IntOpt(
        "per_volume_size_limit",
        default=-1,
        help="The largest volume that a project may make, in GiB; -1 is unlimited.",
    ),
    cfg.BoolOpt(
        "no_snapshot_gb_quota",
        default=False,
        help="Leave snapshots out of the gigabytes quota.",
    ),
]
