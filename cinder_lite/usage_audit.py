# SPDX-License-Identifier: Apache-2.0
"""The audit of usage: a notification of everything that existed in a period, for billing.

Types and payloads are Cinder's (``cinder-volume-usage-audit``): ``volume.exists`` and
``snapshot.exists`` with ``audit_period_beginning`` and ``audit_period_ending``.
"""

from __future__ import annotations

import calendar
import dataclasses
import datetime
from typing import Any

from cinder_lite import exception, notifications, rpc
from cinder_lite.context import RequestContext
from cinder_lite.db import usage
from cinder_lite.objects import Snapshot, Volume

_STARTS = {"hour": (0, 59), "day": (0, 23), "month": (1, 28), "year": (1, 12)}
"""Units of a period, and where in its unit one may begin: minute, hour, day or month."""


@dataclasses.dataclass(slots=True)
class Outcome:
    """What an audit has sent."""

    volumes: int = 0
    snapshots: int = 0
    failed: int = 0
    """Notifications that could not be sent."""


def last_period(unit: str, now: datetime.datetime) -> tuple[datetime.datetime, datetime.datetime]:
    """Return the beginning and the end of the last period that is over.

    :param unit: ``hour``, ``day``, ``month`` or ``year``; ``@`` and a number say where in its unit
        a period begins, such as ``day@18`` (at 18:00) or ``month@15``
    :param now: UTC
    :raises InvalidParameterValue: there is no such period
    """
    name, _, offset = unit.partition("@")
    if name not in _STARTS or (offset and not offset.isdecimal()):
        raise exception.InvalidParameterValue(
            err=f"the audit period '{unit}' is none of hour, day, month and year, with or without "
            "@ and a number."
        )
    least, most = _STARTS[name]
    start = max(int(offset), least) if offset else least
    if start > most:
        raise exception.InvalidParameterValue(
            err=f"the audit period '{unit}' begins at {start} of its unit; the last is {most}."
        )
    end = _beginning(name, start, now)
    if end >= now:
        end = _before(name, end)
    return _before(name, end), end


def _beginning(unit: str, start: int, now: datetime.datetime) -> datetime.datetime:
    """Return the beginning that lies in the same hour, day, month or year as ``now``."""
    if unit == "hour":
        return now.replace(minute=start, second=0, microsecond=0)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "day":
        return midnight.replace(hour=start)
    if unit == "month":
        return midnight.replace(day=start)
    return midnight.replace(month=start, day=1)


def _before(unit: str, moment: datetime.datetime) -> datetime.datetime:
    """Return the beginning of the period before the one that begins at a moment."""
    if unit == "month":
        month = 12 if moment.month == 1 else moment.month - 1
        days = calendar.monthrange(moment.year - (moment.month == 1), month)[1]
        return moment - datetime.timedelta(days=days)
    if unit == "year":
        return moment.replace(year=moment.year - 1)
    return moment - datetime.timedelta(hours=1 if unit == "hour" else 24)


def run(
    context: RequestContext,
    begin: datetime.datetime,
    end: datetime.datetime,
    *,
    send_actions: bool = False,
) -> Outcome:
    """Send a notification of each volume and snapshot that existed in a period.

    :param begin: UTC
    :param end: UTC
    :param send_actions: send also what was sent when they were created and deleted, if that was
        in the period
    :raises InvalidParameterValue: the period ends before it begins
    :raises Invalid: notifications go nowhere
    """
    if end <= begin:
        raise exception.InvalidParameterValue(
            err=f"the end of the period, {end}, must be after its start, {begin}."
        )
    if not rpc.notifications_enabled():
        raise exception.Invalid(
            "Nobody would hear of it: set [oslo_messaging_notifications] driver, for example to "
            "messagingv2."
        )
    audit = _Audit(context, begin, end, send_actions=send_actions)
    for volume in usage.volumes_between(begin, end):
        audit.volume(volume)
    for snapshot, zone in usage.snapshots_between(begin, end):
        audit.snapshot(snapshot, zone)
    return audit.outcome


class _Audit:
    """One run: what it sends, and how that went."""

    def __init__(
        self,
        context: RequestContext,
        begin: datetime.datetime,
        end: datetime.datetime,
        *,
        send_actions: bool,
    ) -> None:
        self._context, self._begin, self._end = context, begin, end
        self._send_actions = send_actions
        self.outcome = Outcome()

    def volume(self, volume: Volume) -> None:
        """Tell of a volume, unless it is a temporary one."""
        payload = notifications.prepare(volume)
        if payload is not None:
            self.outcome.volumes += 1
            self._tell("volume", volume, payload)

    def snapshot(self, snapshot: Snapshot, zone: str | None) -> None:
        """Tell of a snapshot, unless it is a temporary one."""
        payload = notifications.prepare_snapshot(snapshot, zone)
        if payload is not None:
            self.outcome.snapshots += 1
            self._tell("snapshot", snapshot, payload)

    def _tell(self, kind: str, one: Volume | Snapshot, payload: dict[str, Any]) -> None:
        self._send(kind, "exists", payload, self._begin, self._end)
        if not self._send_actions:
            return
        for action, moment in (("create", one.created_at), ("delete", one.deleted_at)):
            if moment is not None and self._begin < moment < self._end:
                for step in ("start", "end"):
                    self._send(kind, f"{action}.{step}", payload, moment, moment)

    def _send(
        self,
        kind: str,
        event: str,
        payload: dict[str, Any],
        begin: datetime.datetime,
        end: datetime.datetime,
    ) -> None:
        period = {"audit_period_beginning": _text(begin), "audit_period_ending": _text(end)}
        sent = notifications.send(
            self._context, f"{kind}.{event}", payload | period, publisher=kind
        )
        self.outcome.failed += not sent


def _text(moment: datetime.datetime) -> str:
    """Return a time as Cinder writes it into the payload: with its zone."""
    return str(moment.replace(tzinfo=datetime.UTC))
