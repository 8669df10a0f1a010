import pytest


@pytest.mark.todo("double", weight=30)
@pytest.mark.parity
def test_double(student):
    """Always right."""
