"""Webhooks: other systems are told what happened here, signed, at least once.

    outbox -> handing -> deliveries -> sending -> posting -> the receiver

- ``topics``: what can be told, and which facts leave the house with it
- ``subscriptions``: who is told: adding, pausing and removing webhooks
- ``handing``: from the outbox to one delivery for each webhook, in one transaction
- ``deliveries``: what waits, what is due, what became of an attempt, sending again
- ``backoff``: how long to wait after a failed attempt
- ``signing``: signatures of Standard Webhooks
- ``posting``: one POST to an address that may be connected to
- ``sending``: a thread for each webhook that has something due
"""
