"""What trains through spikes: all steps of a layer in one pass, forward and backward.

``dynamics`` is the slow text of leaky neurons, ``leaky`` runs them and ``normalized`` a batch norm
(``norm``) with them; ``leaky_code`` writes their machine code, ``native`` calls it. ``doubled``,
``added`` and ``time_mean`` keep the maps between small and in channels_last memory (``folded``),
``packed`` keeps spikes as bits. ``surrogate`` gives a graph's neurons a gradient. On a GPU all
steps are one kernel, by torch.compile: ``unrolled`` is its text, ``fused`` the way through it,
``compiled`` says whether it works here.
"""
