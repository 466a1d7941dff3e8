# SPDX-License-Identifier: MIT
"""What runs inside the lab to say where code lies; only kbench.explain.places hands it over."""
