"""The generated world of languages: `world.World` makes the rows, `languages` says what is known of each language."""
