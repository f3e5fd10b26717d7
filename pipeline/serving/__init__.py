"""Serving: TensorBoard as a process that ends with whoever started it."""
