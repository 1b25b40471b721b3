# SPDX-License-Identifier: Apache-2.0
"""cinder-lite-manage: the database, the services and the hosts, for the operator."""

from __future__ import annotations

import argparse
import datetime
import json
import logging
import sys
from collections.abc import Sequence
from typing import Any

from oslo_config import cfg

from cinder_lite import conf, exception, version
from cinder_lite.cmd import database_errors
from cinder_lite.context import admin_context
from cinder_lite.db import schema
from cinder_lite.db import services as db_services
from cinder_lite.objects import utcnow

CONF = cfg.CONF


def db_sync(args: argparse.Namespace) -> None:
    """Bring the schema to this release's version."""
    from alembic.util import CommandError  # only this command

    try:
        schema.sync(args.version)
    except CommandError as error:  # no such version
        raise exception.Invalid(str(error)) from error


def db_version(args: argparse.Namespace) -> None:
    """Print the schema's version."""
    print(schema.current() or "none")


def db_purge(args: argparse.Namespace) -> None:
    """Remove rows that were deleted more than so many days ago."""
    try:
        gone = schema.purge(args.age_in_days)
    except OverflowError:
        raise exception.Invalid("The age is longer than the calendar.") from None
    print(", ".join(f"{table}: {count}" for table, count in sorted(gone.items())))


def service_list(args: argparse.Namespace) -> None:
    """Print the services."""
    row = "{:<18} {:<40} {:<12} {:<9} {:<6} {}"
    print(row.format("Binary", "Host", "Zone", "Status", "State", "Updated At"))
    for service in db_services.listing():
        print(
            row.format(
                service.binary,
                service.host,
                service.availability_zone or "",
                "disabled" if service.disabled else "enabled",
                "up" if service.is_up else "down",
                service.updated_at or service.created_at,
            )
        )


def service_remove(args: argparse.Namespace) -> None:
    """Remove a service that no longer exists."""
    service = db_services.get(host=args.service_host, binary=args.binary)
    if service.is_up:
        raise exception.Invalid(
            f"Service {args.binary} on {args.service_host} is up; stop it first."
        )
    db_services.destroy(service.id)
    print(f"Service {args.binary} on host {args.service_host} removed.")


def host_list(args: argparse.Namespace) -> None:
    """Print the hosts and their zones."""
    print(f"{'host':<40} zone")
    seen = {(service.host, service.availability_zone) for service in db_services.listing()}
    for host, zone in sorted(seen, key=str):
        if args.zone in (None, zone):
            print(f"{host:<40} {zone}")


FLOWS = ("create",)


def flow_show(args: argparse.Namespace) -> None:
    """Print a flow's tasks, with what each takes, gives and undoes, as the code has them."""
    from cinder_lite.scheduler.flows import create_volume as in_scheduler
    from cinder_lite.volume.create import api_flow, manager_flow

    flows = (
        api_flow.get_flow(),
        in_scheduler.get_flow(),
        manager_flow.get_flow(reschedule=True),
        manager_flow.get_flow(reschedule=False),
    )
    print("\n\n".join(flow.text() for flow in flows))


def usage_audit_run(args: argparse.Namespace) -> None:
    """Send a notification of every volume and snapshot that existed in a period."""
    from cinder_lite import usage_audit

    begin, end = usage_audit.last_period(CONF.volume_usage_audit_period, utcnow())
    begin, end = _moment(args.start_time) or begin, _moment(args.end_time) or end
    outcome = usage_audit.run(admin_context(), begin, end, send_actions=args.send_actions)
    print(
        f"From {begin} to {end} UTC: {outcome.volumes} volumes and {outcome.snapshots} snapshots."
    )
    if outcome.failed:
        raise exception.Invalid(
            f"{outcome.failed} notifications could not be sent; the log says why."
        )


def _moment(text: str | None) -> datetime.datetime | None:
    if text is None:
        return None
    try:
        return datetime.datetime.strptime(text, "%Y-%m-%d %H:%M:%S")
    except ValueError:
        raise exception.InvalidParameterValue(
            err=f"'{text}' is not of the form 'YYYY-MM-DD hh:mm:ss'."
        ) from None


def openapi(args: argparse.Namespace) -> None:
    """Print the OpenAPI description of the API."""
    # The whole API is imported; what libraries say meanwhile must not stand in the document.
    logging.disable(logging.WARNING)
    from cinder_lite.api import openapi as description

    document = description.document()
    logging.disable(logging.NOTSET)
    print(json.dumps(document, indent=2))


def _add_commands(subparsers: Any) -> None:
    """Build the command line: categories and their actions, as cinder-manage has them."""
    db = subparsers.add_parser("db", help="the database").add_subparsers(required=True)
    sync = db.add_parser("sync", help=db_sync.__doc__)
    sync.add_argument("version", nargs="?", help="schema version (default: the newest)")
    sync.set_defaults(action=db_sync)
    db.add_parser("version", help=db_version.__doc__).set_defaults(action=db_version)
    purge = db.add_parser("purge", help=db_purge.__doc__)
    purge.add_argument("age_in_days", type=int)
    purge.set_defaults(action=db_purge)
    service = subparsers.add_parser("service", help="the services").add_subparsers(required=True)
    service.add_parser("list", help=service_list.__doc__).set_defaults(action=service_list)
    remove = service.add_parser("remove", help=service_remove.__doc__)
    remove.add_argument("binary", help="cinder-volume or cinder-scheduler")
    # oslo.config does not give an argument that is named as an option is, such as `host`.
    remove.add_argument(
        "service_host", metavar="host", help="host@backend, or the scheduler's host"
    )
    remove.set_defaults(action=service_remove)
    host = subparsers.add_parser("host", help="the hosts").add_subparsers(required=True)
    hosts = host.add_parser("list", help=host_list.__doc__)
    hosts.add_argument("zone", nargs="?", help="only this availability zone")
    hosts.set_defaults(action=host_list)
    flow = subparsers.add_parser("flow", help="the flows").add_subparsers(required=True)
    show = flow.add_parser("show", help=flow_show.__doc__)
    show.add_argument("name", choices=FLOWS, help="the flow")
    show.set_defaults(action=flow_show)
    audit = subparsers.add_parser("usage-audit", help=usage_audit_run.__doc__)
    for name, word in (("start", "begins"), ("end", "ends")):
        audit.add_argument(
            f"--{name}-time",
            f"--{name}_time",
            metavar="'YYYY-MM-DD hh:mm:ss'",
            help=f"when the period {word}, UTC (default: volume_usage_audit_period says)",
        )
    audit.add_argument(
        "--send-actions",
        "--send_actions",
        action="store_true",
        help="send also the notifications of creations and deletions in the period",
    )
    audit.set_defaults(action=usage_audit_run)
    described = subparsers.add_parser("openapi", help=openapi.__doc__)
    described.set_defaults(action=openapi)
    release = subparsers.add_parser("version", help="print the release")
    release.set_defaults(action=lambda args: print(version.__version__))


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 is success, 1 a failure that was explained."""
    CONF.register_cli_opt(
        cfg.SubCommandOpt("command", title="Commands", handler=_add_commands, help="what to do")
    )
    try:
        conf.parse_args(sys.argv[1:] if argv is None else argv, "cinder-lite-manage")
        # It tells of its backend, among what the command prints.
        logging.getLogger("oslo_service").setLevel(logging.WARNING)
        if not hasattr(CONF.command, "action"):
            raise exception.Invalid("Name a command; --help lists them.")
        if CONF.command.action is db_purge and CONF.command.age_in_days < 0:
            raise exception.Invalid("The age must be zero days or more.")
        CONF.command.action(CONF.command)
    except (exception.CinderLiteException, cfg.Error) as error:
        print(f"cinder-lite-manage: {error}", file=sys.stderr)
        return 1
    except database_errors.ERRORS as error:
        print(f"cinder-lite-manage: {database_errors.sentence_of(error)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
