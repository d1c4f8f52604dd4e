"""Requests and answers as clients of others write them."""
