"""Machine code at run time, without a compiler that would have to be installed.

``lanes`` writes LLVM's words with Python's operators, ``host`` compiles them for this processor.
"""
