"""How the frozen values fill their fields, once, while they are built."""

from typing import Final

set_field: Final = object.__setattr__
"""Set a field of a value under construction; a frozen class refuses the usual way.

Every check stands in the constructors, in plain sight; this is only the last step.
"""
