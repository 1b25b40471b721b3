# SPDX-License-Identifier: Apache-2.0
"""Options of one backend: they stand in the section that ``enabled_backends`` names.

A value that the section does not give is looked up in ``[backend_defaults]``, as in Cinder.
"""

from __future__ import annotations

from typing import Any

from oslo_config import cfg

from cinder_lite import cgroup
from cinder_lite.conf import lvm, targets

SHARED_GROUP = "backend_defaults"

OPTS = [
    cfg.StrOpt(
        "volume_driver",
        default="cinder_lite.volume.drivers.file.FileDriver",
        help="Class of the backend's driver.",
    ),
    cfg.StrOpt(
        "volume_backend_name",
        help="Name that the backend reports, and the name of its pool; without it, the name of "
        "the section.",
    ),
    cfg.StrOpt(
        "backend_host",
        help="Host name of this backend in place of [DEFAULT] host, so that another node can "
        "take the backend over.",
    ),
    cfg.StrOpt(
        "backend_availability_zone",
        help="Availability zone of this backend in place of storage_availability_zone.",
    ),
    cfg.IntOpt(
        "reserved_percentage",
        default=0,
        min=0,
        max=100,
        help="Percentage of the backend's capacity that is never given to volumes.",
    ),
    cfg.StrOpt(
        "max_over_subscription_ratio",
        default="20.0",
        regex=r"^(auto|\d*\.\d+|\d+)$",
        help="Ratio of provisioned to physical capacity for thin volumes; 'auto' derives it "
        "from what is in use.",
    ),
    cfg.StrOpt(
        "volume_copy_engine",
        default="native",
        choices=[
            (
                "native",
                "the service's own program: several reads and writes in flight, and blocks "
                "of zeros are cleared instead of sent",
            ),
            (
                "dd",
                "dd(1), as Cinder does; where only a part of a thin volume is read, or the kernel "
                "has no control group to keep a bandwidth limit, the service's own program",
            ),
        ],
        help="What copies the bytes of a volume between two paths.",
    ),
    cfg.StrOpt(
        "volume_dd_blocksize",
        default="1M",
        help="Block size of dd when volumes are copied with it (volume_copy_engine = dd).",
    ),
    cfg.IntOpt(
        "volume_copy_bps_limit",
        default=0,
        min=0,
        mutable=True,
        help="The most bytes per second that this backend's copies may read and write, shared "
        "among them; 0 is unlimited.",
    ),
    cfg.StrOpt(
        "volume_copy_blkio_cgroup_name",
        default="cinder-volume-copy",
        regex=f"^{cgroup.NAME.pattern}$",
        help="Name of the control group (version 2 or 1) in which a dd that copies devices as root "
        "keeps volume_copy_bps_limit.",
    ),
    cfg.IntOpt(
        "max_concurrent_migrations",
        default=8,
        min=0,
        mutable=True,
        help="The most volumes that move away from this backend at the same time; further moves "
        "wait in the phase 'queued', oldest first. 0 is unlimited.",
    ),
    cfg.BoolOpt(
        "use_multipath_for_image_xfer",
        default=False,
        help="Use multipath when a volume is attached to this node for a copy.",
    ),
    cfg.BoolOpt(
        "enforce_multipath_for_image_xfer",
        default=False,
        help="Fail a copy whose volume can not be attached by multipath.",
    ),
    cfg.BoolOpt(
        "image_upload_use_cinder_backend",
        default=False,
        help="Upload a raw image by cloning the volume and giving Glance the clone's location, "
        "instead of its bytes. Glance needs a cinder store.",
    ),
    cfg.BoolOpt(
        "image_upload_use_internal_tenant",
        default=False,
        help="Give such a clone to cinder_internal_tenant_project_id, not to the project that "
        "uploads.",
    ),
    cfg.BoolOpt(
        "image_volume_cache_enabled",
        default=False,
        help="Keep a volume of each image that volumes are made of, and clone it for the next one. "
        "Needs cinder_internal_tenant_project_id.",
    ),
    cfg.IntOpt(
        "image_volume_cache_max_size_gb",
        default=0,
        min=0,
        help="The most GiB that the image volume cache of this backend takes; 0 is unlimited.",
    ),
    cfg.IntOpt(
        "image_volume_cache_max_count",
        default=0,
        min=0,
        help="The most volumes in the image volume cache of this backend; 0 is unlimited.",
    ),
    cfg.StrOpt(
        "file_data_dir",
        default="$state_path/volumes",
        help="FileDriver: directory that holds the volumes' files.",
    ),
    cfg.BoolOpt(
        "file_sparsed_volumes",
        default=True,
        help="FileDriver: make sparse files, which take space as they are written; otherwise "
        "the space is taken when the volume is made.",
    ),
    cfg.BoolOpt(
        "file_data_dir_is_shared",
        default=False,
        help="FileDriver: other nodes have the directory too, under the same path (a network "
        "file system), and so may connect the volumes. Otherwise only this node may.",
    ),
    *lvm.OPTS,
    *targets.OPTS,
]


class BackendConfiguration:
    """One backend's options as attributes.

    :param name: the section's name, one of ``enabled_backends``
    :param conf: the configuration to read (default: the process's)
    """

    def __init__(self, name: str, conf: cfg.ConfigOpts | None = None) -> None:
        self.config_group = name
        self._conf = conf if conf is not None else cfg.CONF
        self._conf.register_opts(OPTS, group=name)
        self._conf.register_opts(OPTS, group=SHARED_GROUP)

    def append_config_values(self, options: list[cfg.Opt]) -> None:
        """Register further options, those of a driver from elsewhere."""
        self._conf.register_opts(options, group=self.config_group)
        self._conf.register_opts(options, group=SHARED_GROUP)

    def __getattr__(self, name: str) -> Any:
        """Return an option's value: the section's, else the shared section's, else the default."""
        if name.startswith("_"):
            raise AttributeError(name)
        own = getattr(self._conf[self.config_group], name)
        if self._is_set(self.config_group, name):
            return own
        if self._is_set(SHARED_GROUP, name):
            return getattr(self._conf[SHARED_GROUP], name)
        return own

    @property
    def dd_blocksize(self) -> str | None:
        """Block size of dd, for :func:`cinder_lite.volume.copy.copy_volume`; None: not by dd."""
        return str(self.volume_dd_blocksize) if self.volume_copy_engine == "dd" else None

    def safe_get(self, name: str) -> Any:
        """Return an option's value, None where no such option exists."""
        try:
            return getattr(self, name)
        except cfg.NoSuchOptError:
            return None

    def _is_set(self, group: str, name: str) -> bool:
        location = self._conf.get_location(name, group)
        return location is not None and location.location.is_user_controlled
