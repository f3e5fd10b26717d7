"""Pictures: the drawn frame, the painted data, the PNG."""
