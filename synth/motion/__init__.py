"""Motion clips: recorded, procedural, retargeted."""
