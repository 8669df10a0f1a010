def write_summary(source, target):
    lines = open(source).read().splitlines()
    words = sum(len(line.split()) for line in lines)
    return words
