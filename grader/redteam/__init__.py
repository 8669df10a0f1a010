"""Attacks on the grader, and what must hold afterwards. `make redteam` runs them."""
