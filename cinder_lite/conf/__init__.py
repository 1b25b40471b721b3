# SPDX-License-Identifier: Apache-2.0
"""Every option of cinder_lite; nothing else registers options.

Names, groups and defaults are Cinder's wherever Cinder has the option.
"""

from __future__ import annotations

from collections.abc import Sequence

from oslo_config import cfg

from cinder_lite.conf import (
    api,
    base,
    database,
    groups,
    image,
    key_manager,
    nova,
    quota,
    scheduler,
    volume,
)

CONF = cfg.CONF

for _module in (api, base, groups, image, quota, scheduler, volume):
    CONF.register_opts(_module.OPTS)
CONF.register_opts(nova.MIGRATION_OPTS)
CONF.register_opts(database.OPTS, group=database.GROUP)
CONF.register_opts(key_manager.OPTS, group=key_manager.GROUP)
CONF.register_opts(image.GLANCE_OPTS, group=image.GROUP)
CONF.register_opts(nova.OPTS, group=nova.GROUP)
CONF.register_opts(nova.SERVICE_USER_OPTS, group=nova.SERVICE_USER)


def parse_args(argv: Sequence[str], prog: str, default_files: list[str] | None = None) -> None:
    """Read the command line and the configuration files, and set logging up.

    :param argv: the command line without the program's name
    :param prog: the program's name
    :param default_files: files to read where ``--config-file`` is absent; None means oslo.config's
        usual places (``/etc/cinder_lite/cinder_lite.conf``, ``~/.cinder_lite/…``)
    :raises SystemExit: the command line or a file is wrong
    """
    from oslo_log import log as logging  # not needed by the option generator

    from cinder_lite import version

    logging.register_options(CONF)
    logging.set_defaults(default_log_levels=base.DEFAULT_LOG_LEVELS)
    CONF(
        list(argv),
        project="cinder_lite",
        prog=prog,
        version=version.__version__,
        default_config_files=default_files,
    )
    logging.setup(CONF, "cinder_lite")
