"""From dataset repositories to canonical Parquet: providers of repositories, and the reading of what they hold."""
