"""What a person may have done or shown, one function each: a command prints its rows, a JSON route sends them."""
