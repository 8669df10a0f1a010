PASSED = True
