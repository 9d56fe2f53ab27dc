"""The REST API: what programs may do, under ``/api/v1``.

It is an application of its own, mounted beside the pages: its errors are problem details and never
a page, and its only proof of who asks is a token (``callers``). Every route calls the functions of
``models`` that the page calls.
"""
