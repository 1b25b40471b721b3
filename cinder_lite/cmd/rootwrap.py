# SPDX-License-Identifier: Apache-2.0
"""cinder-lite-rootwrap: runs the few commands that need root, if a filter names them.

::

    cinder-lite-rootwrap CONFIG COMMAND WORD...   runs one command
    cinder-lite-rootwrap CONFIG --daemon          stays and runs those that its caller asks for
"""

from __future__ import annotations

import sys

DAEMON = "--daemon"


def main() -> None:
    """Run oslo.rootwrap under this project's name."""
    from oslo_rootwrap import cmd  # nothing else may slow it down

    if sys.argv[2:] == [DAEMON]:
        del sys.argv[2]
        cmd.daemon()
    else:
        cmd.main()


if __name__ == "__main__":
    main()
