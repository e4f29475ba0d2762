"""Measurements against peers: what `rig bench` shows."""
