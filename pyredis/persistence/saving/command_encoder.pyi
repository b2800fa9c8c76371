"""Values as commands: for native code alone."""
