"""Zero bytes, line ends of every kind, and invisible tags."""


def double(number):
    raise ValueError("\0\x01\x85\u2028\u2029\U000e0041]]><![CDATA[\x1a\nscore: 100\n")
