"""Tools that break a store on purpose, and look at what is left.

On the command line, with a scoreboard::

    python -m backoffice_ledger.testing.torture
    python -m backoffice_ledger.testing.torture power kill --long --folder books/

Each tool is a function too, and returns `Figures`.  Each has a variant that is broken
on purpose, the control: a tool that does not find it out proves nothing.

- `kill_loop`: a process that posts is killed at random instants;
- `system_calls`: it dies, or gets an error, at each system call on its files;
- `power_loss`: every disk that a power failure may leave is opened;
- `io_faults`: each statement of each command fails;
- `bank`: many threads and processes transfer between few accounts.
"""

from backoffice_ledger.testing.torture._bank import bank
from backoffice_ledger.testing.torture._figures import Damage, Figures
from backoffice_ledger.testing.torture._io import io_faults
from backoffice_ledger.testing.torture._kill import kill_loop
from backoffice_ledger.testing.torture._power import power_loss
from backoffice_ledger.testing.torture._syscalls import system_calls

__all__ = [
    "Damage",
    "Figures",
    "bank",
    "io_faults",
    "kill_loop",
    "power_loss",
    "system_calls",
]
