"""Populations that are computed event by event: a spike costs what it adds, silence nearly nothing.

``bit_map`` holds spikes as bits (``bit_code`` packs them), ``taps`` is the geometry of a
connection, ``plan`` lays out a layer, ``code``, ``row`` and ``neurons`` write its machine code,
``memory`` what that reads, ``layer`` is what is called.
"""
