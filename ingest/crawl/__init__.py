"""A polite crawler for film pages: pages into a web archive, posters into a folder (docs/crawl.md)."""
