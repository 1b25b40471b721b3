# SPDX-License-Identifier: Apache-2.0
"""What holds for every test: no surprises of time or place."""

from __future__ import annotations

import os

from hypothesis import settings

# Machines differ in speed, and runs must be repeatable and leave nothing in the tree.
settings.register_profile("cinder_lite", deadline=None, derandomize=True, database=None)
settings.load_profile("cinder_lite")

# What the person at the keyboard uses must not reach the tests' clients and services.
for _name in [name for name in os.environ if name.startswith(("OS_", "CINDER_LITE_ENDPOINT"))]:
    del os.environ[_name]
