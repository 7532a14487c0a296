"""Verifies with PyJWT, and nothing else: pyjwt_verify.py SET < TOKEN

SET is a file with a JWK set.  Prints the token's claims.
"""

import json
import sys

import jwt

with open(sys.argv[1]) as file:
    keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(json.load(file)).keys}

token = sys.stdin.read()
key = keys[jwt.get_unverified_header(token)["kid"]]

print(json.dumps(jwt.decode(token, key.key, ["EdDSA"])))
