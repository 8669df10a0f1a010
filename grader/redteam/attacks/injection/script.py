"""A script on the page of feedback."""


def double(number):
    raise ValueError("<script>alert(document.cookie)</script><svg/onload=alert(1)>")
