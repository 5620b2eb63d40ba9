"""``python -m spikeseg``."""

import sys

from spikeseg.cli import main

sys.exit(main())
