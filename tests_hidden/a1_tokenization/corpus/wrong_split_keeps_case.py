"""Capitals stay."""

import re


class SimpleTokenizer(SimpleTokenizer):
    def normalize_and_split(self, text):
        return re.findall(r"\b\w+\b", text)
