"""A Sigstore instance for tests: Fulcio, a CT log, Rekor v1 and v2, a timestamp authority.

    python sigstore_service.py FOLDER

makes keys in FOLDER, writes FOLDER/trusted_root.json and FOLDER/trust_config.json (for the reference
implementation), prints the address that it listens on, and serves until it is killed. Identity tokens
are not verified: whoever asks gets a certificate for the e-mail address that the token tells.

Interfaces: https://github.com/sigstore/fulcio (api/v2/signingCert), https://github.com/sigstore/rekor
(api/v1/log/entries), https://github.com/sigstore/rekor-tiles (api/v2/log/entries), RFC 3161, RFC 6962.
Needs the package `cryptography` and the program `openssl` (for timestamps).
"""

import base64
import datetime
import hashlib
import http.server
import json
import pathlib
import struct
import subprocess
import sys
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

FOLDER = pathlib.Path(sys.argv[1])
UTC = datetime.timezone.utc
SCT_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
FULCIO = "1.3.6.1.4.1.57264.1."
ORIGIN = "rekor.test"


def b64(data):
    return base64.b64encode(data).decode()


def spki(key):
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def der(certificate):
    return certificate.public_bytes(serialization.Encoding.DER)


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def sign(key, message):
    return key.sign(message, ec.ECDSA(hashes.SHA256()))


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def authority(name, key, issuer=None, issuer_key=None, timestamping=False):
    """A CA certificate, or, with an issuer, a leaf that signs timestamps."""
    now = datetime.datetime.now(UTC) - datetime.timedelta(hours=1)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=not timestamping, path_length=None), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    )
    usage = dict.fromkeys(
        "content_commitment key_encipherment data_encipherment key_agreement encipher_only "
        "decipher_only".split(),
        False,
    )
    builder = builder.add_extension(
        x509.KeyUsage(
            digital_signature=timestamping, key_cert_sign=not timestamping,
            crl_sign=not timestamping, **usage
        ),
        True,
    )
    if timestamping:
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True
        )
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False
        )
    return builder.sign(issuer_key or key, hashes.SHA256())


CA_KEY, CT_KEY, LOG_KEY, TSA_ROOT_KEY, TSA_KEY = (new_key() for _ in range(5))
CA = authority("test fulcio", CA_KEY)
TSA_ROOT = authority("test tsa root", TSA_ROOT_KEY)
TSA = authority("test tsa", TSA_KEY, TSA_ROOT, TSA_ROOT_KEY, timestamping=True)
LOG_ID = hashlib.sha256(spki(LOG_KEY)).digest()
CT_ID = hashlib.sha256(spki(CT_KEY)).digest()


# Fulcio and the CT log


def utf8_string(text):
    data = text.encode()
    assert len(data) < 128
    return bytes([12, len(data)]) + data


def octet_string(data):
    assert len(data) < 256
    return bytes([4, len(data)]) + data if len(data) < 128 else bytes([4, 129, len(data)]) + data


def sct_list(signature, millis):
    sct = b"\0" + CT_ID + struct.pack(">QH", millis, 0) + bytes([4, 3])
    sct += struct.pack(">H", len(signature)) + signature
    one = struct.pack(">H", len(sct)) + sct
    return octet_string(struct.pack(">H", len(one)) + one)


def issue(request):
    token = request["credentials"]["oidcIdentityToken"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    public = serialization.load_pem_public_key(
        request["publicKeyRequest"]["publicKey"]["content"].encode()
    )
    proof = base64.b64decode(request["publicKeyRequest"]["proofOfPossession"])
    public.verify(proof, claims["email"].encode(), ec.ECDSA(hashes.SHA256()))
    now = datetime.datetime.now(UTC) - datetime.timedelta(seconds=5)
    usage = dict.fromkeys(
        "content_commitment key_encipherment data_encipherment key_agreement key_cert_sign "
        "crl_sign encipher_only decipher_only".split(),
        False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(CA.subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(minutes=10))
        .add_extension(x509.KeyUsage(digital_signature=True, **usage), True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(CA_KEY.public_key()), False
        )
        .add_extension(
            x509.SubjectAlternativeName([x509.RFC822Name(claims["email"])]), True
        )
    )
    for number, value in ((1, claims["iss"].encode()), (8, utf8_string(claims["iss"]))):
        oid = x509.ObjectIdentifier(FULCIO + str(number))
        builder = builder.add_extension(x509.UnrecognizedExtension(oid, value), False)
    millis = int(now.timestamp() * 1000)
    # RFC 6962, 3.2: what is signed is the certificate without this extension.
    draft = builder.add_extension(x509.UnrecognizedExtension(SCT_LIST, b"\4\0"), False)
    tbs = draft.sign(CA_KEY, hashes.SHA256()).tbs_precertificate_bytes
    signed = struct.pack(">BBQH", 0, 0, millis, 1) + hashlib.sha256(spki(CA_KEY)).digest()
    signed += struct.pack(">I", len(tbs))[1:] + tbs + struct.pack(">H", 0)
    extension = x509.UnrecognizedExtension(SCT_LIST, sct_list(sign(CT_KEY, signed), millis))
    leaf = builder.add_extension(extension, False).sign(CA_KEY, hashes.SHA256())
    chain = {"chain": {"certificates": [pem(leaf), pem(CA)]}}
    return {"signedCertificateEmbeddedSct": chain}


# Rekor


LEAVES = [hashlib.sha256(b"\0an entry of somebody else").digest()]
LOCK = threading.Lock()


def root_of(leaves):
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return hashlib.sha256(b"\1" + root_of(leaves[:split]) + root_of(leaves[split:])).digest()


def path_to(index, leaves):
    if len(leaves) == 1:
        return []
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    if index < split:
        return path_to(index, leaves[:split]) + [root_of(leaves[split:])]
    return path_to(index - split, leaves[split:]) + [root_of(leaves[:split])]


def append(body):
    with LOCK:
        LEAVES.append(hashlib.sha256(b"\0" + body).digest())
        leaves = list(LEAVES)
    index = len(leaves) - 1
    root = root_of(leaves)
    note = f"{ORIGIN}\n{len(leaves)}\n{b64(root)}\n"
    line = b64(LOG_ID[:4] + sign(LOG_KEY, note.encode()))
    checkpoint = f"{note}\n\u2014 {ORIGIN} {line}\n"
    return index, root, path_to(index, leaves), len(leaves), checkpoint


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def log_v1(request):
    content = request["spec"]["proposedContent"]
    envelope = json.loads(content["envelope"])
    # Rekor writes the certificate anew.
    certificate = x509.load_pem_x509_certificate(base64.b64decode(content["verifiers"][0]))
    verifier = b64(pem(certificate).encode())
    spec = {
        "envelopeHash": {
            "algorithm": "sha256",
            "value": hashlib.sha256(content["envelope"].encode()).hexdigest(),
        },
        "payloadHash": {
            "algorithm": "sha256",
            "value": hashlib.sha256(base64.b64decode(envelope["payload"])).hexdigest(),
        },
        "signatures": [
            {"signature": s["sig"], "verifier": verifier}
            for s in envelope["signatures"]
        ],
    }
    body = canonical({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec})
    index, root, hashes_, size, checkpoint = append(body)
    entry = {
        "body": b64(body),
        "integratedTime": int(datetime.datetime.now(UTC).timestamp()),
        "logID": LOG_ID.hex(),
        "logIndex": index,
    }
    promise = sign(LOG_KEY, canonical(entry))
    entry["verification"] = {
        "signedEntryTimestamp": b64(promise),
        "inclusionProof": {
            "checkpoint": checkpoint,
            "hashes": [h.hex() for h in hashes_],
            "logIndex": index,
            "rootHash": root.hex(),
            "treeSize": size,
        },
    }
    return {"%016x%s" % (1, LEAVES[index].hex()): entry}


def log_v2(request):
    wanted = request["hashedRekordRequestV002"]
    spec = {
        "hashedRekordV002": {
            "data": {"algorithm": "SHA2_256", "digest": wanted["digest"]},
            "signature": wanted["signature"],
        }
    }
    body = canonical({"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": spec})
    index, root, hashes_, size, checkpoint = append(body)
    return {
        "logIndex": str(index),
        "logId": {"keyId": b64(LOG_ID)},
        "kindVersion": {"kind": "hashedrekord", "version": "0.0.2"},
        "integratedTime": "0",
        "inclusionPromise": None,
        "inclusionProof": {
            "logIndex": str(index),
            "rootHash": b64(root),
            "treeSize": str(size),
            "hashes": [b64(h) for h in hashes_],
            "checkpoint": {"envelope": checkpoint},
        },
        "canonicalizedBody": b64(body),
    }


# The timestamp authority


TSA_CONFIG = """
[tsa]
serial = {folder}/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
"""


def timestamp(query):
    with LOCK:
        (FOLDER / "query").write_bytes(query)
        subprocess.run(
            ["openssl", "ts", "-reply", "-config", FOLDER / "tsa.cnf", "-section", "tsa",
             "-queryfile", FOLDER / "query", "-signer", FOLDER / "tsa.pem",
             "-inkey", FOLDER / "tsa.key", "-out", FOLDER / "reply"],
            check=True, stderr=subprocess.DEVNULL,
        )
        return (FOLDER / "reply").read_bytes()


def write_tsa():
    (FOLDER / "serial").write_text("01\n")
    (FOLDER / "tsa.cnf").write_text(TSA_CONFIG.format(folder=FOLDER))
    (FOLDER / "tsa.pem").write_text(pem(TSA))
    (FOLDER / "tsa.key").write_bytes(
        TSA_KEY.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


# The trust root


def write_root(address):
    valid = {"start": "2020-01-01T00:00:00Z"}

    def log(key, url):
        return {
            "baseUrl": url,
            "hashAlgorithm": "SHA2_256",
            "publicKey": {
                "rawBytes": b64(spki(key)),
                "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                "validFor": valid,
            },
            "logId": {"keyId": b64(hashlib.sha256(spki(key)).digest())},
        }

    def chain(*certificates):
        return {"certificates": [{"rawBytes": b64(der(c))} for c in certificates]}

    name = {"organization": "test", "commonName": "test"}
    root = {
        "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "tlogs": [log(LOG_KEY, f"https://{ORIGIN}")],
        "certificateAuthorities": [
            {"subject": name, "uri": address, "certChain": chain(CA), "validFor": valid}
        ],
        "ctlogs": [log(CT_KEY, address + "/ct")],
        "timestampAuthorities": [
            {"subject": name, "uri": address + "/tsa", "certChain": chain(TSA, TSA_ROOT),
             "validFor": valid}
        ],
    }
    (FOLDER / "trusted_root.json").write_text(json.dumps(root))

    def service(url, version):
        return {"url": url, "majorApiVersion": version, "validFor": valid, "operator": "test"}

    config = {
        "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        "trustedRoot": root,
        "signingConfig": {
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "caUrls": [service(address, 1)],
            "oidcUrls": [service(address, 1)],
            "rekorTlogUrls": [service(address, 1)],
            "tsaUrls": [service(address + "/tsa", 1)],
            "rekorTlogConfig": {"selector": "ANY"},
            "tsaConfig": {"selector": "ANY"},
        },
    }
    (FOLDER / "trust_config.json").write_text(json.dumps(config))


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        routes = {
            "/api/v2/signingCert": (issue, 201),
            "/api/v1/log/entries": (log_v1, 201),
            "/api/v2/log/entries": (log_v2, 201),
        }
        kind = "application/json"
        try:
            if self.path == "/tsa":
                status, answer, kind = 200, timestamp(body), "application/timestamp-reply"
            else:
                act, status = routes[self.path]
                answer = json.dumps(act(json.loads(body))).encode()
        except Exception as error:  # whatever is wrong with a request is its sender's matter
            status, answer = 400, repr(error).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    address = "http://127.0.0.1:%d" % server.server_port
    write_tsa()
    write_root(address)
    print(address, flush=True)
    server.serve_forever()


main()
