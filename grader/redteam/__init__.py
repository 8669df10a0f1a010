"""Attacks on the grader, and what must hold afterwards. `make redteam` runs them; `grader/redteam/README.md` tells all.

Zone: trusted, except `attacks/` and `honest/`, which are submissions: nobody here imports or runs those.
"""
