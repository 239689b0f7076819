"""How similar two tasks are: what is known of them, their inputs, and what models learn from them."""
