"""Models: pretrained encoders, task heads on top of them, and the folders both are kept in."""
