"""The graph neural network: encoders, sampler, models, training, evaluation, write-back."""
