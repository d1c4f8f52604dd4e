"""How a challenger is judged: pure functions of stored predictions, a policy and measurements."""
