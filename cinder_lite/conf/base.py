# SPDX-License-Identifier: Apache-2.0
"""[DEFAULT] options that every service reads."""

from __future__ import annotations

import socket

from oslo_config import cfg

DEFAULT_LOG_LEVELS = [
    "amqp=WARN",
    "amqplib=WARN",
    "oslo.messaging=INFO",
    "oslo_messaging=INFO",
    "oslo_service=INFO",
    "sqlalchemy=WARN",
    "alembic=WARN",
    "stevedore=WARN",
    "keystonemiddleware=WARN",
    "urllib3.connectionpool=WARN",
    "iso8601=WARN",
    "taskflow=WARN",
    "cotyledon=WARN",
]

OPTS = [
    cfg.HostAddressOpt(
        "my_ip",
        default="127.0.0.1",
        help="IP address of this host, told to storage when volumes are connected to it.",
    ),
    cfg.StrOpt(
        "host",
        default=socket.gethostname(),
        sample_default="localhost",
        help="Name of this node: the part of a backend's name before the @. It can be any "
        "string, but must not be shared by two nodes.",
    ),
    cfg.StrOpt(
        "state_path",
        default="/var/lib/cinder_lite",
        help="Directory for what the services keep on this node.",
    ),
    cfg.StrOpt(
        "rootwrap_config",
        default="/etc/cinder_lite/rootwrap.conf",
        help="Configuration file of cinder-lite-rootwrap.",
    ),
    cfg.BoolOpt(
        "use_rootwrap_daemon",
        default=False,
        help="Run commands as root by one cinder-lite-rootwrap that stays, instead of starting it "
        "for each: storage on LVM answers faster.",
    ),
    cfg.StrOpt(
        "storage_availability_zone",
        default="nova",
        help="Availability zone of this node.",
    ),
    cfg.StrOpt(
        "default_availability_zone",
        help="Availability zone of new volumes that name none. Without it, "
        "storage_availability_zone is used.",
    ),
    cfg.BoolOpt(
        "allow_availability_zone_fallback",
        default=False,
        help="Use default_availability_zone (or storage_availability_zone) for a new volume "
        "whose availability zone does not exist, instead of refusing it.",
    ),
    cfg.BoolOpt(
        "cloned_volume_same_az",
        default=True,
        help="Refuse a volume made from a snapshot or another volume in another availability "
        "zone than its source's.",
    ),
    cfg.IntOpt(
        "report_interval",
        default=10,
        min=1,
        help="Seconds between two heartbeats of a service in the database.",
    ),
    cfg.IntOpt(
        "service_down_time",
        default=60,
        min=1,
        help="Seconds after its last heartbeat at which a service counts as down.",
    ),
    cfg.IntOpt(
        "periodic_interval",
        default=60,
        min=1,
        help="Seconds between two runs of a service's periodic tasks.",
    ),
    cfg.IntOpt(
        "message_ttl",
        default=2592000,
        min=1,
        help="Seconds for which a user's message is kept.",
    ),
    cfg.IntOpt(
        "message_reap_interval",
        default=86400,
        min=1,
        help="Seconds between two removals of messages whose time is over, by the scheduler.",
    ),
    cfg.StrOpt(
        "volume_usage_audit_period",
        default="month",
        help="Period of which cinder-lite-manage usage-audit tells: the last hour, day, month or "
        "year that is over. @ and a number say where it begins, such as day@18.",
    ),
    cfg.StrOpt(
        "service_backend",
        default="eventlet",
        choices=["eventlet", "threading"],
        help="Concurrency of the services: green threads (eventlet) or native threads. The "
        "environment variable CINDER_LITE_SERVICE_BACKEND overrides it. Read before all other "
        "options, so it must stand in a file named by --config-file or in "
        "/etc/cinder_lite/cinder_lite.conf.",
    ),
    cfg.StrOpt(
        "volume_topic",
        default="cinder-lite-volume",
        help="RPC topic of the volume services; a service listens on "
        "<volume_topic>.<host@backend>.",
    ),
    cfg.StrOpt(
        "scheduler_topic",
        default="cinder-lite-scheduler",
        help="RPC topic of the schedulers.",
    ),
    cfg.StrOpt(
        "volume_name_template",
        default="volume-%s",
        help="How a volume is named on its backend; %s is its id.",
    ),
    cfg.StrOpt(
        "snapshot_name_template",
        default="snapshot-%s",
        help="How a snapshot is named on its backend; %s is its id.",
    ),
    cfg.StrOpt(
        "default_volume_type",
        default="__DEFAULT__",
        help="Name of the volume type of new volumes that name none. It is made by "
        "`cinder-lite-manage db sync` where it is __DEFAULT__.",
    ),
]
