#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write etc/cinder_lite/*.sample from the code, or tell (``--check``) whether they are current.

The samples hold our own options and those of the libraries that an operator needs most. Host
names and paths of the machine that generates them do not enter.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

TREE = Path(__file__).resolve().parent.parent
GENERATORS = {
    "cinder_lite.conf.sample": ("oslo-config-generator", "tools/config/config-generator.conf"),
    "policy.yaml.sample": ("oslopolicy-sample-generator", "tools/config/policy-generator.conf"),
}


def generate(name: str, target: Path) -> None:
    """Write one sample to ``target``.

    :raises SystemExit: the generator failed
    """
    program, settings = GENERATORS[name]
    result = subprocess.run(
        [
            str(Path(sys.executable).parent / program),
            *("--config-file", settings, "--output-file", str(target)),
        ],
        cwd=TREE,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if result.returncode != 0 or not target.exists():
        raise SystemExit(f"{program} failed:\n{result.stdout}{result.stderr}")


def main() -> int:
    """Generate, or compare; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only; 1 when one is stale")
    parser.add_argument("names", nargs="*", help="samples to write (default: all)")
    options = parser.parse_args()
    check = options.check
    stale = []
    with tempfile.TemporaryDirectory() as directory:
        for name in options.names or GENERATORS:
            fresh = Path(directory) / name
            generate(name, fresh)
            current = TREE / "etc/cinder_lite" / name
            if check:
                if not current.exists() or current.read_text() != fresh.read_text():
                    stale.append(name)
            else:
                current.write_text(fresh.read_text())
    for name in stale:
        print(f"etc/cinder_lite/{name} is not current: run tox -e genconfig,genpolicy")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
