# SPDX-License-Identifier: Apache-2.0
"""/extensions: which groups of calls there are. Aliases, names and dates are Cinder's."""

from __future__ import annotations

from typing import Any, NamedTuple

from cinder_lite import exception
from cinder_lite.api.request import Request


class Extension(NamedTuple):
    """One group of calls."""

    alias: str
    name: str
    updated: str
    description: str


EXTENSIONS = (
    Extension(
        "backups",
        "Backups",
        "2012-12-12T00:00:00+00:00",
        "Backups, of which this service makes none.",
    ),
    Extension(
        "capabilities", "Capabilities", "2015-08-31T00:00:00+00:00", "What a backend can do."
    ),
    Extension(
        "cgsnapshots",
        "Cgsnapshots",
        "2014-08-18T00:00:00+00:00",
        "The older name of group snapshots.",
    ),
    Extension(
        "consistencygroups",
        "Consistencygroups",
        "2014-08-18T00:00:00+00:00",
        "The older name of groups.",
    ),
    Extension(
        "encryption",
        "VolumeTypeEncryption",
        "2013-07-01T00:00:00+00:00",
        "How the volumes of a type are encrypted.",
    ),
    Extension(
        "os-admin-actions",
        "AdminActions",
        "2012-08-25T00:00:00+00:00",
        "Actions on volumes for administrators: move, reset the status, force the deletion.",
    ),
    Extension(
        "os-availability-zone",
        "AvailabilityZones",
        "2013-06-27T00:00:00+00:00",
        "The availability zones.",
    ),
    Extension(
        "os-extended-services",
        "ExtendedServices",
        "2014-01-10T00:00:00-00:00",
        "The reason for which a service is disabled.",
    ),
    Extension(
        "os-extended-snapshot-attributes",
        "ExtendedSnapshotAttributes",
        "2012-06-19T00:00:00+00:00",
        "Project and progress of snapshots.",
    ),
    Extension("os-hosts", "Hosts", "2011-06-29T00:00:00+00:00", "Hosts and what they hold."),
    Extension(
        "os-quota-class-sets",
        "QuotaClasses",
        "2012-03-12T00:00:00+00:00",
        "Quotas of classes of projects.",
    ),
    Extension("os-quota-sets", "Quotas", "2011-08-08T00:00:00+00:00", "Quotas of projects."),
    Extension(
        "OS-SCH-HNT",
        "SchedulerHints",
        "2013-04-18T00:00:00+00:00",
        "Hints for the scheduler in the creation of a volume.",
    ),
    Extension("os-services", "Services", "2012-10-28T00:00:00-00:00", "Services and their state."),
    Extension(
        "os-snapshot-actions",
        "SnapshotActions",
        "2013-07-16T00:00:00+00:00",
        "Actions on snapshots.",
    ),
    Extension(
        "os-snapshot-manage",
        "SnapshotManage",
        "2014-12-31T00:00:00+00:00",
        "Snapshots that a backend has are taken over.",
    ),
    Extension(
        "os-snapshot-unmanage",
        "SnapshotUnmanage",
        "2014-12-31T00:00:00+00:00",
        "Snapshots are given up without their data.",
    ),
    Extension(
        "os-types-extra-specs",
        "TypesExtraSpecs",
        "2011-08-24T00:00:00+00:00",
        "Extra specs of volume types.",
    ),
    Extension(
        "os-types-manage",
        "TypesManage",
        "2011-08-24T00:00:00+00:00",
        "Creation, change and deletion of volume types.",
    ),
    Extension("os-used-limits", "UsedLimits", "2013-10-03T00:00:00+00:00", "What a project uses."),
    Extension(
        "os-vol-host-attr",
        "VolumeHostAttribute",
        "2011-11-03T00:00:00+00:00",
        "The host of a volume as one of its attributes.",
    ),
    Extension(
        "os-vol-image-meta",
        "VolumeImageMetadata",
        "2012-12-07T00:00:00+00:00",
        "What is known of the image that a volume was made from.",
    ),
    Extension(
        "os-vol-mig-status-attr",
        "VolumeMigStatusAttribute",
        "2013-08-08T00:00:00+00:00",
        "The migration status of a volume as one of its attributes.",
    ),
    Extension(
        "os-vol-tenant-attr",
        "VolumeTenantAttribute",
        "2011-11-03T00:00:00+00:00",
        "The project of a volume as one of its attributes.",
    ),
    Extension(
        "os-volume-actions", "VolumeActions", "2012-05-31T00:00:00+00:00", "Actions on volumes."
    ),
    Extension(
        "os-volume-encryption-metadata",
        "VolumeEncryptionMetadata",
        "2013-07-10T00:00:00+00:00",
        "How a volume is encrypted.",
    ),
    Extension(
        "os-volume-manage",
        "VolumeManage",
        "2014-02-10T00:00:00+00:00",
        "Volumes that a backend has are taken over.",
    ),
    Extension(
        "os-volume-migrations",
        "VolumeMigrations",
        "2026-11-21T00:00:00+00:00",
        "The record of every move of a volume, with its progress.",
    ),
    Extension(
        "os-volume-transfer",
        "VolumeTransfer",
        "2013-05-29T00:00:00+00:00",
        "Volumes that one project offers and another takes.",
    ),
    Extension(
        "os-volume-type-access",
        "VolumeTypeAccess",
        "2014-06-26T00:00:00Z",
        "Projects that may use a private volume type.",
    ),
    Extension(
        "os-volume-unmanage",
        "VolumeUnmanage",
        "2012-05-31T00:00:00+00:00",
        "Forgetting a volume and leaving its data.",
    ),
    Extension(
        "qos-specs",
        "Qos_specs_manage",
        "2013-08-02T00:00:00+00:00",
        "QoS specs and the types that refer to them.",
    ),
    Extension(
        "scheduler-stats",
        "Scheduler_stats",
        "2014-09-07T00:00:00+00:00",
        "Pools and their capabilities as the schedulers know them.",
    ),
)

_BY_ALIAS = {extension.alias: extension for extension in EXTENSIONS}


def index(request: Request) -> dict[str, Any]:
    """Return every extension."""
    return {"extensions": [_view(extension) for extension in EXTENSIONS]}


def show(request: Request, alias: str) -> dict[str, Any]:
    """Return one extension."""
    if alias not in _BY_ALIAS:
        raise exception.ExtensionNotFound(alias=alias)
    return {"extension": _view(_BY_ALIAS[alias])}


def _view(extension: Extension) -> dict[str, Any]:
    return {
        "name": extension.name,
        "alias": extension.alias,
        "description": extension.description,
        "updated": extension.updated,
        "links": [],
    }
