# SPDX-License-Identifier: Apache-2.0
"""Sphinx settings of the release notes."""

project = "cinder_lite release notes"
author = "The cinder_lite authors"
copyright = author
extensions = ["reno.sphinxext"]
html_theme = "alabaster"
