"""Let ``python -m sim`` be the command line."""

import sys

from sim.cli import main

sys.exit(main())
