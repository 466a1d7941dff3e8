# SPDX-License-Identifier: MIT
"""Selftests of the KVM extension that run inside the lab; see ../lab.py."""
