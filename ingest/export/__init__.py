"""The graph as files, and files as the graph that they were."""
