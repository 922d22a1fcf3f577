"""``python -m backoffice_ledger``: see `backoffice_ledger.cli`."""

import sys

from backoffice_ledger.cli import main

sys.exit(main())
