"""Makes the music that the embedded weights are trained on; a developers' tool, not part of the wheel."""
