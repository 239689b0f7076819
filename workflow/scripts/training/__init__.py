"""One training loop for pretraining, intermediate and target training, and what it stands on."""
