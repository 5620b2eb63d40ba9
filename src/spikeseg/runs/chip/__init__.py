"""A run's network on a chip, and what it does there.

``checks`` says beforehand what would fail, ``placing`` puts cores on chips, ``core_table`` says how
full they are, ``running`` runs a program on images of any size, ``measuring`` on the test images,
``scoring`` writes what was found, ``counting`` counts what the cores do, ``map`` says where they
lie and what goes between chips.
"""
