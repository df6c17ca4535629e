"""Faults, injected one at a time into a running app that is fed a known set of events, and what must hold after each.

The promise: what was answered 200 is counted once, exactly; what could not be counted is set aside with its reason; scores are
those of a fresh full run; and the app is well again without a human. `scenarios.ALL` lists the faults, `scene.play` runs
one of them and says what did not hold. tests/faults and `manage.py bench faults` both play them.
"""
