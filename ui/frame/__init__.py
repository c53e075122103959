"""What stands around a page: header, notices, downloads, clicks, style."""
