"""Whether long commands give other threads turns; ``turns.pxd`` has the contract."""

def want_turns() -> None:
    """Lets long commands give turns to other threads from now on."""
