# SPDX-License-Identifier: Apache-2.0
"""The scheduler: which backend takes a new volume, and whether one may take a moving volume."""
