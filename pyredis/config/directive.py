"""A row of the table of directives."""

from typing import Any, NamedTuple

from pyredis.config.kinds import Kind

FLAGS = frozenset({"immutable", "hidden", "sensitive", "protected", "deny-loading", "volatile"})


class Directive(NamedTuple):
    """One row. ``effect`` and ``needs`` are empty if the directive is honoured.

    ``effect`` says why any value is accepted and changes nothing. ``needs`` names the missing feature if ignoring a
    value would be dangerous: then only the default is accepted. ``unit`` is the kind's if the row has none.

    Flags: an ``immutable`` directive is set at the start only; a ``protected`` one at run time only if
    ``enable-protected-configs`` allows it; a ``sensitive`` one is kept out of logs; a ``hidden`` one is found by its
    exact name only; a ``deny-loading`` one cannot be set while a data set is being loaded; a ``volatile`` one names a
    file, so setting it to the value that it has reads the file again.
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
    """Makes a row from flags given as words."""
    chosen = frozenset(flags.split())
    if not chosen <= FLAGS:
        raise ValueError(f"{name}: unknown flags {sorted(chosen - FLAGS)}")
    unit = more.pop("unit", getattr(kind, "unit", ""))
    return Directive(name, kind, default, about, flags=chosen, unit=unit, **more)


class LineOnly(NamedTuple):
    """A directive of files and of the command line only: it has no value, so CONFIG GET and SET do not know it.

    A line must have ``least`` to ``most`` words after the name. ``needs`` as in `Directive`.
    """

    name: str
    least: int
    most: int
    about: str
    needs: str = ""
