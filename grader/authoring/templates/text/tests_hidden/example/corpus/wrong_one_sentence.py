def explain_test_set():
    return "Only unseen data shows whether training generalizes."
