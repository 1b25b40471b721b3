# SPDX-License-Identifier: Apache-2.0
"""cinder-lite-status: is this installation ready for this release?"""

from __future__ import annotations

import sys

from oslo_upgradecheck import upgradecheck

from cinder_lite import concurrency
from cinder_lite.cmd import database_errors
from cinder_lite.conf import CONF
from cinder_lite.conf.backend import BackendConfiguration
from cinder_lite.db import schema


class Checks(upgradecheck.UpgradeCommands):
    """Each check looks at one thing that would keep the services from running."""

    def _schema(self) -> upgradecheck.Result:
        """The database has this release's schema."""
        try:
            now, newest = schema.current(), schema.newest()
        except database_errors.ERRORS as error:
            return upgradecheck.Result(
                upgradecheck.Code.FAILURE, database_errors.sentence_of(error)
            )
        if now == newest:
            return upgradecheck.Result(upgradecheck.Code.SUCCESS)
        return upgradecheck.Result(
            upgradecheck.Code.FAILURE,
            f"The database's schema is {now or 'empty'}, this release needs {newest}: run "
            "cinder-lite-manage db sync.",
        )

    def _drivers(self) -> upgradecheck.Result:
        """Every enabled backend names a driver that can be imported."""
        from oslo_utils import importutils  # only this check

        wrong = []
        for name in CONF.enabled_backends:
            driver = BackendConfiguration(name).volume_driver
            try:
                importutils.import_class(driver)
            except ImportError as error:
                wrong.append(f"{name}: {error}")
        if wrong:
            return upgradecheck.Result(upgradecheck.Code.FAILURE, "; ".join(wrong))
        return upgradecheck.Result(upgradecheck.Code.SUCCESS)

    def _transport(self) -> upgradecheck.Result:
        """The services can reach each other: the broker takes a message that nobody waits for."""
        from cinder_lite import rpc  # only this check
        from cinder_lite.context import admin_context

        try:
            client = rpc.client("cinder-lite-status", "1.0").prepare(retry=0)
            client.cast(admin_context(), "upgrade_check")
        except Exception as error:  # oslo.messaging's, kombu's and amqp's have no common base
            return upgradecheck.Result(
                upgradecheck.Code.FAILURE, f"The message broker can not be reached: {error}"
            )
        finally:
            rpc.cleanup()
        if CONF.transport_url and CONF.transport_url.startswith("fake:"):
            return upgradecheck.Result(
                upgradecheck.Code.WARNING,
                "transport_url is fake: messages stay inside one process, which is right for "
                "cinder-lite-standalone only.",
            )
        return upgradecheck.Result(upgradecheck.Code.SUCCESS)

    _upgrade_checks = (
        ("Database schema", _schema),
        ("Backend drivers", _drivers),
        ("Message transport", _transport),
    )


def main() -> int:
    """Run the checks; the exit status is the worst result."""
    concurrency.setup(concurrency.THREADING)
    return int(upgradecheck.main(CONF, "cinder_lite", Checks()))


if __name__ == "__main__":
    sys.exit(main())
