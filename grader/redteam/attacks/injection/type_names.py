"""A result whose type's name is a script and moves the cursor."""


def weigh(scores, values):
    return type("<script>alert(1)</script>\x1b[2J\u202e", (), {})()
