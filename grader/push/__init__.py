"""Send scores to a running learning-management system: one module a system.

`delivery` decides what is sent; a system's module knows how. `session` bounds what a system may send back.
"""
