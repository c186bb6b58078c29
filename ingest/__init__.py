"""Readers of film catalogues, and the pipeline that brings them into the graph and the store."""
