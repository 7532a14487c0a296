"""Keys and tokens that PyJWT makes: pyjwt.py ALG KID CLAIMS ...

Prints {"jwk": the key as others may have it, "tokens": [one for each CLAIMS]}.
Of HS256, that is all of the key.
"""

import base64
import json
import secrets
import sys

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(n, size=None):
    return b64(n.to_bytes(size or (n.bit_length() + 7) // 8, "big"))


def make(alg):
    if alg == "HS256":
        key = secrets.token_bytes(40)
        return key, {"kty": "oct", "k": b64(key)}

    if alg == "EdDSA":
        key = ed25519.Ed25519PrivateKey.generate()
        raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return key, {"kty": "OKP", "crv": "Ed25519", "x": b64(raw)}

    if alg == "RS256":
        key = rsa.generate_private_key(65537, 3072)
        public = key.public_key().public_numbers()
        return key, {"kty": "RSA", "n": number(public.n), "e": number(public.e)}

    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_numbers()
    return key, {"kty": "EC", "crv": "P-256", "x": number(public.x, 32),
                 "y": number(public.y, 32)}


alg, kid = sys.argv[1:3]
key, jwk = make(alg)

print(json.dumps({
    "jwk": {**jwk, "kid": kid, "alg": alg, "use": "sig"},
    "tokens": [jwt.encode(json.loads(claims), key, alg, {"kid": kid})
               for claims in sys.argv[3:]],
}))
