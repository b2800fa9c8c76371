"""Libraries of functions, by their names, and their functions, by names whose case does not matter."""
