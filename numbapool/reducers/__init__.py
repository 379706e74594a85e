"""What a window keeps of its elements: reducers and selectors, and which serves a dtype."""
