# SPDX-License-Identifier: Apache-2.0
"""A backend's options turned into a volume group that can be used, or a sentence why not."""

from __future__ import annotations

import os
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import exception
from cinder_lite.volume.copy import Throttle
from cinder_lite.volume.lvm import thin
from cinder_lite.volume.lvm.executor import CommandFailed, Executor
from cinder_lite.volume.lvm.group import TEMPORARY, VolumeGroup
from cinder_lite.volume.lvm.location import THICK, THIN, Location
from cinder_lite.volume.lvm.wipe import Wiper
from cinder_lite.volume.root_helper import root_helper

LOG = logging.getLogger(__name__)
CONF = cfg.CONF


def executor(configuration: Any) -> Executor:
    """Return what runs the commands of a backend.

    :param configuration: the backend's options as attributes
    """
    environment = []
    lvm_conf = str(configuration.lvm_conf_file or "none")
    if lvm_conf.lower() != "none" and os.path.exists(lvm_conf):
        environment.append(f"LVM_SYSTEM_DIR={os.path.dirname(lvm_conf)}")
    if configuration.lvm_suppress_fd_warnings:
        environment.append("LVM_SUPPRESS_FD_WARNINGS=1")
    return Executor(root_helper(), environment, daemon=CONF.use_rootwrap_daemon)


def wiper(configuration: Any, runs: Executor, throttle: Throttle) -> Wiper:
    """Return what clears the volumes of a backend and knows how to copy them.

    :param throttle: the limit of the backend's copies
    """
    return Wiper(
        executor=runs,
        method=configuration.volume_clear,
        limit=configuration.volume_clear_size,
        ionice=configuration.volume_clear_ionice,
        blocksize=configuration.dd_blocksize,
        throttle=throttle,
    )


def check(group: VolumeGroup, configuration: Any) -> Location:
    """Check that a backend's group can be used, and make its thin pool if it shall have one.

    :returns: where the backend keeps its volumes
    :raises VolumeBackendAPIException: it can not be used; the sentence tells what to mend
    """
    try:
        facts = group.facts()
        lvm_type = _lvm_type(group, configuration)
        mirrors = int(configuration.lvm_mirrors)
        if mirrors and lvm_type == THIN:
            raise exception.VolumeBackendAPIException(
                data="lvm_mirrors goes with lvm_type default only: a thin pool keeps one copy."
            )
        if facts.devices <= mirrors:
            raise exception.VolumeBackendAPIException(
                data=f"lvm_mirrors is {mirrors}, but the volume group {group.name} has only "
                f"{facts.devices} physical volume(s): each copy needs one of its own."
            )
        if lvm_type == THIN:
            thin.ensure_pool(group)
    except CommandFailed as failure:
        raise exception.VolumeBackendAPIException(
            data=f"the volume group {group.name} can not be used: {failure.sentence}"
        ) from failure
    return Location(CONF.host, group.name, lvm_type, mirrors)


def _lvm_type(group: VolumeGroup, configuration: Any) -> str:
    """Return ``thin`` or ``default``: what is configured, or what ``auto`` means here."""
    configured = str(configuration.lvm_type)
    if configured in (THICK, THIN):
        return configured
    present = group.volumes()
    usual = not present or thin.pool_name(group.name) in present
    chosen = THIN if usual and not configuration.lvm_mirrors else THICK
    LOG.info("lvm_type auto means %s in the volume group %s", chosen, group.name)
    return chosen


def tidy(group: VolumeGroup, clears: Wiper) -> None:
    """Remove what copies of an earlier service have left in a group; what stays is logged."""
    for volume in group.volumes().values():
        if TEMPORARY in volume.tags:
            LOG.warning("%s/%s was left by a copy; it is removed", group.name, volume.name)
            try:
                clears.remove(group, volume)
            except exception.CinderLiteException as error:
                LOG.error("%s/%s can not be removed: %s", group.name, volume.name, error)
