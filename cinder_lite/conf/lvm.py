# SPDX-License-Identifier: Apache-2.0
"""Options of a backend whose volumes are logical volumes (LVM)."""

from __future__ import annotations

from oslo_config import cfg

OPTS = [
    cfg.StrOpt(
        "volume_group",
        default="cinder-volumes",
        help="LVMVolumeDriver: volume group that holds the volumes. It must exist.",
    ),
    cfg.StrOpt(
        "lvm_type",
        default="auto",
        choices=[
            ("default", "thick: a volume takes all of its space when it is made"),
            ("thin", "volumes share a thin pool and take space as they are written"),
            ("auto", "thin in an empty group or one with the pool, otherwise thick"),
        ],
        help="LVMVolumeDriver: kind of logical volumes. The thin pool is named after the group, "
        "with '-pool' added, and is made when it is missing.",
    ),
    cfg.IntOpt(
        "lvm_mirrors",
        default=0,
        min=0,
        help="LVMVolumeDriver: further copies that a thick volume keeps of its data, each on a "
        "physical volume of its own (RAID1).",
    ),
    cfg.StrOpt(
        "lvm_max_over_subscription_ratio",
        regex=r"^(auto|\d*\.\d+|\d+)$",
        help="LVMVolumeDriver: in place of max_over_subscription_ratio for this backend.",
    ),
    cfg.StrOpt(
        "lvm_conf_file",
        default="/etc/cinder_lite/lvm.conf",
        help="LVMVolumeDriver: LVM's own configuration for the commands of this service, if the "
        "file exists. It must be named lvm.conf and lie in /etc/cinder_lite, unless rootwrap's "
        "filters are changed; 'None' uses the system's.",
    ),
    cfg.BoolOpt(
        "lvm_suppress_fd_warnings",
        default=False,
        help="LVMVolumeDriver: keep LVM from warning about file descriptors that it inherits.",
    ),
    cfg.StrOpt(
        "volume_clear",
        default="zero",
        choices=[
            ("none", "leave the data to whoever gets the space next"),
            ("zero", "overwrite it with zeros"),
        ],
        help="What happens to the data of a deleted thick volume. A thin volume's space is given "
        "back to its pool, which clears what it gives out.",
    ),
    cfg.IntOpt(
        "volume_clear_size",
        default=0,
        min=0,
        max=1024,
        help="MiB at the start of a deleted thick volume that are cleared; 0 clears all. Anything "
        "else leaves the rest readable to whoever gets the space next.",
    ),
    cfg.StrOpt(
        "volume_clear_ionice",
        help="Arguments of ionice for the process that clears, such as '-c3'.",
    ),
]
