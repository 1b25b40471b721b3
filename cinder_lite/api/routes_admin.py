# SPDX-License-Identifier: Apache-2.0
"""The routes of quotas, services, hosts, clusters and backups. Paths are below /v3."""

from __future__ import annotations

from cinder_lite.api.router import Route
from cinder_lite.api.schemas import backups as backup_bodies
from cinder_lite.api.schemas import clusters as cluster_bodies
from cinder_lite.api.schemas import quotas as quota_bodies
from cinder_lite.api.schemas import services as service_bodies
from cinder_lite.api.schemas import workers as worker_bodies
from cinder_lite.api.v3 import (
    availability_zones,
    backups,
    capabilities,
    clusters,
    hosts,
    limits,
    messages,
    quota_class_sets,
    quota_sets,
    scheduler_stats,
    services,
    workers,
)
from cinder_lite.policies import backups as backup_rules
from cinder_lite.policies import capacity as capacity_rules
from cinder_lite.policies import clusters as cluster_rules
from cinder_lite.policies import messages as message_rules
from cinder_lite.policies import quotas as quota_rules
from cinder_lite.policies import services as service_rules

_QUOTAS = "/os-quota-sets/{project_id}"
_CLASS = "/os-quota-class-sets/{name}"
_BACKUP = "/backups/{backup_id}"

QUOTAS = [
    Route("GET", "/limits", limits.index),
    Route("GET", _QUOTAS, quota_sets.show),
    Route("PUT", _QUOTAS, quota_sets.update, body=quota_bodies.UPDATE),
    Route("DELETE", _QUOTAS, quota_sets.delete, bare=False),
    Route("GET", f"{_QUOTAS}/defaults", quota_sets.defaults),
    Route("GET", _CLASS, quota_class_sets.show, policy=quota_rules.CLASS_GET),
    Route(
        "PUT",
        _CLASS,
        quota_class_sets.update,
        policy=quota_rules.CLASS_UPDATE,
        body=quota_bodies.UPDATE_CLASS,
    ),
]

_CHANGE, _REASON = service_bodies.CHANGE, service_bodies.CHANGE_WITH_REASON
_FREEZE, _FAILOVER = service_bodies.FREEZE, service_bodies.FAILOVER

SERVICES = [
    Route("GET", "/os-services", services.index, policy=service_rules.INDEX),
    *(
        Route(
            "PUT",
            f"/os-services/{action}",
            handler,
            status=status,
            policy=service_rules.UPDATE,
            since=since,
            body=body,
            bare=status == 202,  # noqa: PLR2004 - what Cinder answers without a body
        )
        for action, handler, status, since, body in (
            ("enable", services.enable, 200, 0, _CHANGE),
            ("disable", services.disable, 200, 0, _CHANGE),
            ("disable-log-reason", services.disable_log_reason, 200, 0, _REASON),
            ("freeze", services.freeze, 200, 0, _FREEZE),
            ("thaw", services.thaw, 200, 0, _FREEZE),
            ("failover_host", services.failover, 202, 0, _FAILOVER),
            ("failover", services.failover, 202, 26, _FAILOVER),
            ("set-log", services.set_log, 202, 32, service_bodies.SET_LOG),
            ("get-log", services.get_log, 200, 32, service_bodies.GET_LOG),
        )
    ),
    Route("GET", "/os-availability-zone", availability_zones.index),
]

HOSTS = [
    Route("GET", "/os-hosts", hosts.index, policy=service_rules.HOSTS),
    Route("GET", "/os-hosts/{host}", hosts.show, policy=service_rules.HOSTS),
    Route(
        "PUT",
        "/os-hosts/{host}",
        hosts.update,
        policy=service_rules.HOSTS,
        body=service_bodies.HOST_UPDATE,
    ),
    Route(
        "GET",
        "/scheduler-stats/get_pools",
        scheduler_stats.get_pools,
        policy=capacity_rules.GET_POOLS,
    ),
    Route("GET", "/capabilities/{host}", capabilities.show, policy=capacity_rules.CAPABILITIES),
]

CLUSTERS = [
    Route("GET", "/clusters", clusters.index, policy=cluster_rules.GET_ALL, since=7),
    Route("GET", "/clusters/detail", clusters.index, policy=cluster_rules.GET_ALL, since=7),
    Route("GET", "/clusters/{name}", clusters.show, policy=cluster_rules.GET, since=7),
    *(
        Route(
            "PUT",
            f"/clusters/{action}",
            clusters.change,
            policy=cluster_rules.UPDATE,
            since=7,
            body=body,
        )
        for action, body in (
            ("enable", cluster_bodies.ENABLE),
            ("disable", cluster_bodies.DISABLE),
        )
    ),
    Route(
        "POST",
        "/workers/cleanup",
        workers.cleanup,
        status=202,
        policy=cluster_rules.CLEANUP,
        since=24,
        body=worker_bodies.CLEANUP,
    ),
]

BACKUPS = [
    Route("GET", "/backups", backups.index, policy=backup_rules.GET_ALL),
    Route("GET", "/backups/detail", backups.index, policy=backup_rules.GET_ALL),
    Route("POST", "/backups", backups.create, status=202, body=backup_bodies.CREATE),
    Route(
        "POST",
        "/backups/import_record",
        backups.import_record,
        status=201,
        policy=backup_rules.IMPORT,
        body=backup_bodies.IMPORT,
    ),
    Route("GET", _BACKUP, backups.missing),
    Route("PUT", _BACKUP, backups.missing_for, since=9, body=backup_bodies.UPDATE),
    Route("DELETE", _BACKUP, backups.missing, status=202),
    Route(
        "POST",
        f"{_BACKUP}/restore",
        backups.missing_for,
        status=202,
        body=backup_bodies.RESTORE,
    ),
    Route("GET", f"{_BACKUP}/export_record", backups.missing, policy=backup_rules.EXPORT),
    Route("POST", f"{_BACKUP}/action", backups.action, status=202),
]

MESSAGES = [
    Route("GET", "/messages", messages.index, policy=message_rules.GET_ALL, since=3),
    Route("GET", "/messages/{message_id}", messages.show, since=3),
    Route("DELETE", "/messages/{message_id}", messages.delete, status=204, since=3),
]

ROUTES = [*MESSAGES, *QUOTAS, *SERVICES, *HOSTS, *CLUSTERS, *BACKUPS]
