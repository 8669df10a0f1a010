def explain_test_set():
    return "A smaller set is faster to read. That saves time."
