# SPDX-License-Identifier: Apache-2.0
"""The release of cinder_lite, in one place (setup.cfg reads it)."""

__version__ = "0.1.0"
