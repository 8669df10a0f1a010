"""Attack the grader, and check the damage. `make redteam` runs it."""
