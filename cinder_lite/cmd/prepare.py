# SPDX-License-Identifier: Apache-2.0
"""What every service does first: choose the concurrency backend, then read its options."""

from __future__ import annotations

import gc
import sys

from cinder_lite import concurrency


def prepare(prog: str) -> None:
    """Patch the standard library if need be, and read the command line and the options.

    Garbage is not collected from now on; :func:`cinder_lite.service.run` has it collected again.
    Nothing that uses threads, sockets or time may be imported before.

    :param prog: the program's name
    :raises SystemExit: the command line or an option is wrong
    """
    # To look for garbage while modules are loaded is a tenth of a start, and finds none.
    gc.disable()
    concurrency.setup()
    from oslo_config import cfg

    from cinder_lite import conf

    try:
        conf.parse_args(sys.argv[1:], prog)
    except cfg.Error as error:
        raise SystemExit(f"{prog}: {error}") from None
