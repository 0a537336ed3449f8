"""From one state of a présérie to the next: start, decisions, traces off and on, closing.

``preseries.cycle`` has the states and what leads where; here are the conditions, and what each step brings.
"""
