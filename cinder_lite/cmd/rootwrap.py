# SPDX-License-Identifier: Apache-2.0
"""cinder-lite-rootwrap: runs the few commands that need root, if a filter names them."""

from __future__ import annotations


def main() -> None:
    """Run oslo.rootwrap under this project's name."""
    from oslo_rootwrap import cmd  # nothing else may slow it down

    cmd.main()


if __name__ == "__main__":
    main()
