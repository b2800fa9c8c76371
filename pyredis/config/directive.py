"""What the table of directives says of each one."""

from typing import Any, NamedTuple

from pyredis.config.kinds import Kind

FLAGS = frozenset({"immutable", "hidden", "sensitive", "protected", "deny-loading"})


class Directive(NamedTuple):
    """One row. ``effect`` and ``needs`` tell what is not done with it; both are empty where it is honoured.

    ``effect`` says why any value is accepted and changes nothing. ``needs`` names what is missing where ignoring a
    value would be dangerous: then only the default is taken. ``unit`` is the kind's where the row has none.

    Flags: ``immutable`` is set at the start only; ``protected`` at run time only where ``enable-protected-configs``
    allows it; ``sensitive`` is kept out of logs; ``hidden`` is found by its exact name only; ``deny-loading`` cannot be
    set while a data set is being loaded.
    """

    name: str
    kind: Kind
    default: Any
    about: str
    alias: str = ""
    flags: frozenset[str] = frozenset()
    unit: str = ""
    effect: str = ""
    needs: str = ""

    @property
    def mutable(self) -> bool:
        return "immutable" not in self.flags

    @property
    def honoured(self) -> bool:
        return not (self.effect or self.needs)


def row(name: str, kind: Kind, default: Any, about: str, flags: str = "", **more: str) -> Directive:
    """A row, flags given as words."""
    chosen = frozenset(flags.split())
    if not chosen <= FLAGS:
        raise ValueError(f"{name}: unknown flags {sorted(chosen - FLAGS)}")
    unit = more.pop("unit", getattr(kind, "unit", ""))
    return Directive(name, kind, default, about, flags=chosen, unit=unit, **more)


class LineOnly(NamedTuple):
    """A directive of files and of the command line alone: not a value, so unknown to CONFIG GET and SET.

    Lines with other than ``least`` to ``most`` words behind the name are bad directives. ``needs`` as in `Directive`.
    """

    name: str
    least: int
    most: int
    about: str
    needs: str = ""
