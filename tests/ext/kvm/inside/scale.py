# SPDX-License-Identifier: MIT
"""How long the races are and how patient; ../debug.py has another file of this name.

ROUNDS: idles of a race. LATE, LOST: seconds (virtual in the lab) after which a wake-up is.
SLOWER: how much longer KVM takes than in the lab. TEST_SECONDS: then a test hangs.
"""

ROUNDS = 1000
LATE, LOST = 0.008, 0.05
SLOWER = 1
TEST_SECONDS = 60.0
