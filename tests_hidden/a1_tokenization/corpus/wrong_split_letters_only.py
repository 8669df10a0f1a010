"""Digits and underscores are lost."""

import re


class SimpleTokenizer(SimpleTokenizer):
    def normalize_and_split(self, text):
        return re.findall(r"[a-z가-힣]+", text.lower())
