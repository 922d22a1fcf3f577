"""Who may do what: the questions that controls ask about actors."""

from datetime import datetime
from typing import Literal, Protocol


class Authority(Protocol):
    """Knows the actors of a firm: their roles, duties, units and levels.

    Every question about an actor that it does not know raises an error, so that a
    control which asks it denies (fail closed).
    """

    def roles_of(self, actor: str, at: datetime) -> frozenset[str]:
        """Return the roles that an actor had at an instant.

        Those that count: inherited ones too, within their dates, and certified.
        """
        ...

    def duties_of(self, actor: str, at: datetime) -> frozenset[str]:
        """Return the duties that these roles gave, such as ``aml.review``."""
        ...

    def unit_of(self, actor: str) -> str:
        """Return the path of the actor's unit: ``management:trading:desk-a``."""
        ...

    def level_of(self, actor: str) -> int:
        """Return the level of competence; a higher number decides over a lower one."""
        ...

    def kind_of(self, actor: str) -> Literal["human", "service"]:
        """Return whether the actor is a person or a program."""
        ...
