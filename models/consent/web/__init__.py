"""Web signals: what a site, a page and the response headers of an image say about AI use."""
