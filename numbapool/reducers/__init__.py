"""What a window keeps of its elements: reducers and selectors, and their choice by dtype."""
