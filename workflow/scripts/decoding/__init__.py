"""From model outputs to predictions: labels, tags, spans and neighbours."""
