"""What holds for every test."""

import os

from hypothesis import settings

settings.register_profile("ci", deadline=None, derandomize=True)
"""The same examples on every run, and no example fails because the machine was busy."""
settings.register_profile("soak", deadline=None)
settings.load_profile("soak" if os.environ.get("RIG_SOAK") else "ci")
