"""A thousand threads."""

import threading
import time


def double(number):
    for _ in range(1000):
        threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
