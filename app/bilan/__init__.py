"""What a présérie is judged on: figures read from counters, five criteria, a verdict, and the lists behind them."""
