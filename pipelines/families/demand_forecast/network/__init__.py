"""The family's default estimator: one LSTM for all products, quantiles made honest afterwards."""
