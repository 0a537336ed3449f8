"""``python -m tests.fuzz [REQUESTS] [SEED]``: the long form."""

import sys
import tempfile
from pathlib import Path

from tests.fuzz.campagne import principal

with tempfile.TemporaryDirectory() as temporaire:
    sys.exit(principal(Path(temporaire), *(int(mot) for mot in (*sys.argv[1:], *("200000", "1")[len(sys.argv) - 1 :]))))
