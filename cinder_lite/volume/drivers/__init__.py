# SPDX-License-Identifier: Apache-2.0
"""The backends: what a driver must do (:mod:`.base`), and one module per kind of storage."""
