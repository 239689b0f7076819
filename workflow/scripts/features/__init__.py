"""From canonical rows to batches: encoding by family, memory-mapped token files, batch plans and padded tensors."""
