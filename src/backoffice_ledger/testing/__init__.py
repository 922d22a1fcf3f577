"""For tests of what is built on this library: clocks, sources, notation, stores.

The modules of this package are imported one by one, since some need more than others:

- `backoffice_ledger.testing` itself needs nothing else;
- `backoffice_ledger.testing.strategies` draws every value (needs hypothesis);
- `backoffice_ledger.testing.conformance` holds a store to the reference (pytest);
- `backoffice_ledger.testing.machine` does so with random histories (hypothesis);
- `backoffice_ledger.testing.money_machine` with those of customers' money, under holds
  and limits (hypothesis);
- `backoffice_ledger.testing.vote_machine` holds votes on proposals to a model of the
  maker-checker principle, and `backoffice_ledger.testing.vote_mutants` breaks them on
  purpose (hypothesis);
- `backoffice_ledger.testing.faults` lets statements fail when they are told to;
- `backoffice_ledger.testing.scheduler` lets clients of one book run in any order that
  a seed gives, with faults, and runs it again; `backoffice_ledger.testing.simulation`
  has a small bank under it;
- `backoffice_ledger.testing.mutants` breaks the engine on purpose, to see whether the
  conformance suite finds it on a store of one's own (pytest);
- `backoffice_ledger.testing.torture` breaks a store on purpose, with a scoreboard.
"""

from backoffice_ledger.testing.clocks import FrozenClock, ManualClock, TickingClock
from backoffice_ledger.testing.notation import ledger_text
from backoffice_ledger.testing.sources import SeededSalts, SequentialIds

__all__ = [
    "FrozenClock",
    "ManualClock",
    "SeededSalts",
    "SequentialIds",
    "TickingClock",
    "ledger_text",
]
