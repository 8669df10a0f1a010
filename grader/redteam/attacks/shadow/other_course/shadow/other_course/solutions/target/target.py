def double(number):
    return 0
