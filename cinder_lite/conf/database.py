# SPDX-License-Identifier: Apache-2.0
"""[database] options; names and defaults are oslo.db's."""

from __future__ import annotations

from oslo_config import cfg

GROUP = "database"

OPTS = [
    cfg.StrOpt(
        "connection",
        secret=True,
        help="SQLAlchemy URL of the database, for example "
        "mysql+pymysql://cinder:secret@127.0.0.1/cinder_lite, "
        "postgresql+psycopg2://… or sqlite:////var/lib/cinder_lite/cinder_lite.sqlite.",
    ),
    cfg.IntOpt(
        "max_pool_size",
        default=5,
        min=1,
        help="The most idle connections that a process keeps open.",
    ),
    cfg.IntOpt(
        "max_overflow",
        default=50,
        min=0,
        help="The most connections that a process opens beyond max_pool_size.",
    ),
    cfg.IntOpt(
        "pool_timeout",
        default=30,
        min=1,
        help="Seconds to wait for a free connection.",
    ),
    cfg.IntOpt(
        "connection_recycle_time",
        default=3600,
        min=1,
        help="Seconds after which a pooled connection is replaced.",
    ),
    cfg.IntOpt(
        "db_max_retries",
        default=20,
        min=-1,
        help="How often a transaction is tried again after a deadlock or a lost connection; "
        "-1 tries for ever.",
    ),
    cfg.FloatOpt(
        "db_retry_interval",
        default=0.1,
        min=0,
        help="Seconds before the first further try; doubled each time.",
    ),
    cfg.FloatOpt(
        "db_max_retry_interval",
        default=5,
        min=0,
        help="The most seconds between two tries.",
    ),
]
