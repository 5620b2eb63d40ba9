"""The verb measure: time and energy of a run's networks on this machine.

``measuring`` is the verb; ``networks`` and ``subjects`` are what is measured, ``images`` on what,
``machine`` where.
"""
