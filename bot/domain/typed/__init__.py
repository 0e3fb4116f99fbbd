"""What people type, paste or add as a file: words, codes, columns and headings."""
