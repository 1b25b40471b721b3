# SPDX-License-Identifier: Apache-2.0
"""Options of a backend whose volumes this node exports over iSCSI."""

from __future__ import annotations

from oslo_config import cfg

OPTS = [
    cfg.StrOpt(
        "target_helper",
        default="tgtadm",
        choices=[
            ("tgtadm", "tgt, a daemon"),
            ("lioadm", "LIO, the kernel's own target"),
        ],
        deprecated_opts=[cfg.DeprecatedOpt("iscsi_helper")],
        help="What exports volumes over iSCSI.",
    ),
    cfg.StrOpt(
        "target_protocol",
        default="iscsi",
        choices=[("iscsi", "iSCSI over TCP")],
        deprecated_opts=[cfg.DeprecatedOpt("iscsi_protocol")],
        help="How volumes are exported.",
    ),
    cfg.StrOpt(
        "target_prefix",
        default="iqn.2010-10.org.openstack:",
        deprecated_opts=[cfg.DeprecatedOpt("iscsi_target_prefix")],
        help="Start of the targets' names; the volume's name follows.",
    ),
    cfg.StrOpt(
        "target_ip_address",
        default="$my_ip",
        deprecated_opts=[cfg.DeprecatedOpt("iscsi_ip_address")],
        help="Address at which the targets listen.",
    ),
    cfg.ListOpt(
        "target_secondary_ip_addresses",
        default=[],
        deprecated_opts=[cfg.DeprecatedOpt("iscsi_secondary_ip_addresses")],
        help="Further addresses at which the targets listen, for multipath.",
    ),
    cfg.PortOpt(
        "target_port",
        default=3260,
        deprecated_opts=[cfg.DeprecatedOpt("iscsi_port")],
        help="Port at which the targets listen.",
    ),
    cfg.StrOpt(
        "iscsi_write_cache",
        default="on",
        choices=[("on", "writes may be kept in memory until a flush"), ("off", "they may not")],
        help="What the targets do with writes.",
    ),
    cfg.BoolOpt(
        "use_chap_auth",
        default=False,
        help="Use chap_username and chap_password for all volumes. Without it, each volume has "
        "a name and a secret of its own, made at random.",
    ),
    cfg.StrOpt(
        "chap_username",
        default="",
        help="CHAP user name of all volumes, with use_chap_auth.",
    ),
    cfg.StrOpt(
        "chap_password",
        default="",
        secret=True,
        help="CHAP secret of all volumes, with use_chap_auth: 12 to 16 characters.",
    ),
    cfg.StrOpt(
        "volumes_dir",
        default="$state_path/targets",
        help="Directory of tgt's configuration files, one for each exported volume; tgt's own "
        "configuration must include them, and the filter tgt_make in volume.filters must name "
        "it: as delivered, it names /var/lib/cinder_lite/targets.",
    ),
    cfg.BoolOpt(
        "report_discard_supported",
        default=False,
        help="Tell the nodes that use a volume that it takes discards (TRIM, UNMAP).",
    ),
]
