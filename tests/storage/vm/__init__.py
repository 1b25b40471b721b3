# SPDX-License-Identifier: Apache-2.0
"""A small Debian virtual machine: its image, its boot, and commands inside it."""
