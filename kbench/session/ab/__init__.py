# SPDX-License-Identifier: MIT
"""`kbench gate --ab`: two sides measured and compared, on the host in pairs, in the lab once."""
