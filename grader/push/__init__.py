"""Scores on their way into a running learning-management system: one module a system.

`delivery` says what goes out and what does not; a system's module knows how.
"""
