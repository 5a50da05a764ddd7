"""The same routes as Portico's users write them, and by hand, which is the limit."""
