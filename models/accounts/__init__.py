"""Accounts of the people who use the review page: who they are, and what each may do.

- ``roles``: the roles, and the one table of what each may do
- ``records``: an account as it is read, and the names that one may have
- ``keeping``: making an account, changing its role, disabling it
- ``passwords``: how passwords are kept and checked
- ``sessions``: who is signed in, kept on the server
- ``attempts``: how often somebody may try to sign in
- ``signing_in``: from a name and a password to a session
- ``api_tokens``: tokens with which programs use the API
- ``links``: one-time links that set a password
- ``identities``: accounts of an OpenID provider
- ``pseudonyms``: what owners see in place of a reviewer's name
- ``events``: what of all this the audit chain records
"""
