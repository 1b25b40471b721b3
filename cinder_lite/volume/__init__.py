# SPDX-License-Identifier: Apache-2.0
"""Volumes: what a request may start (api), and the service that does it (manager and below)."""
