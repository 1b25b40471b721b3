# SPDX-License-Identifier: Apache-2.0
"""Opens an encrypted volume with os-brick, as a compute host does, inside the machine.

``luks.py open DEVICE KEY`` prints the path of the plain data; ``luks.py close DEVICE KEY`` ends it.
KEY is in hexadecimal digits. Run as root, by the Python that has os-brick.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from castellan.common.objects import symmetric_key
from os_brick.encryptors import luks
from oslo_concurrency import processutils

LINK = "/run/used-by-the-tests"


class Keys:
    """A key manager with the key of the command line."""

    def get(self, _context: Any, _key_id: str) -> Any:
        """Return the key."""
        key = bytes.fromhex(sys.argv[3])
        return symmetric_key.SymmetricKey("aes", len(key) * 8, key)


def execute(*words: Any, **options: Any) -> Any:
    """Run a command as the root that this is."""
    options.pop("root_helper", None)
    options.pop("run_as_root", None)
    return processutils.execute(*words, **options)


def main(action: str, device: str) -> None:
    """Do what the command line says."""
    if action == "open":
        os.symlink(device, LINK)
    properties = {"driver_volume_type": "local", "data": {"device_path": LINK}}
    encryptor = luks.LuksEncryptor("", properties, Keys(), execute)
    if action == "open":
        encryptor.attach_volume(None, cipher="aes-xts-plain64", key_size=256)
        print(os.readlink(LINK))
    else:
        encryptor.detach_volume()
        os.unlink(LINK)


if __name__ == "__main__":
    main(*sys.argv[1:3])
