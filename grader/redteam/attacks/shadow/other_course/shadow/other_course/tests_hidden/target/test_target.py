import pytest


@pytest.mark.todo("double", points=30)
@pytest.mark.parity
def test_double(student):
    """Always right."""
