# SPDX-License-Identifier: MIT
"""The VM of a benchmark: memory, vCPUs at the first instruction of their guest, KVM settings."""
