"""LTI 1.3: people who come from a learning platform, and scores that go back to it."""
