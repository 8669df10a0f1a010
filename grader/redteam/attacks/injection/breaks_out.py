"""Ends of attributes, comments and elements."""


def double(number):
    raise ValueError("""'"--></td></table></style></title><iframe src=javascript:alert(1)>""")
