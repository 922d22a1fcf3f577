"""``python -m backoffice_ledger.testing.torture``: the scoreboard."""

import sys

from backoffice_ledger.testing.torture._scoreboard import main

sys.exit(main())
