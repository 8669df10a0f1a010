"""The levels of isolation between a submission and this machine."""

from enum import StrEnum

# A choice, never a level: bubblewrap, or `setuid` where namespaces are not available.
AUTO = "auto"


class Isolation(StrEnum):
    """A level of isolation, the strongest first."""

    BWRAP = "bwrap"
    SETUID = "setuid"
    NONE = "none"
