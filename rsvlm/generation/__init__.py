"""Latent diffusion and its conditions."""
