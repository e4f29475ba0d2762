"""Keyword libraries for Robot Framework: thin, typed, in the words of the bench."""
