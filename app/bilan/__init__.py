"""What a présérie is judged on: figures read from counters, five criteria, a verdict, and the lists behind them.

``depot`` reads the facts of any number of préséries in one statement, from a source (``sources``: now, or as known at
an instant); pure files fold cells into figures (``figures``), judge them (``criteres``, ``verdict``) and put the bilan
together (``jugement``). The lists behind the figures have a depot, a service and routes of their own (``…_listes``).
"""
