def explain_test_set():
    return "An overfit model looks good on what it was trained on. Unseen examples show the truth."


def write_summary(source, target):
    lines = words = 0
    for line in open(source, encoding="utf-8"):
        lines += 1
        words += len(line.split())
    with open(target, "w") as file:
        print("lines:", lines, file=file)
        print("words:", words, file=file)
    return words
