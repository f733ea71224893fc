"""The part of Apex that a small page controller uses: parsed, checked as the real compiler would, and executed.

It exists so that a deployed class is really run: a wrong concatenation in its source shows on the page. What it does
not know, it refuses when the class is deployed.
"""
