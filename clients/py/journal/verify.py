"""Verifies a journal that Ironward wrote, from the specifications alone.

Written from https://c2sp.org/tlog-tiles, https://c2sp.org/tlog-checkpoint, https://c2sp.org/signed-note,
https://c2sp.org/tlog-proof, RFC 6962 and, for what came after the checkpoint, docs/journal.md; it shares no
code with the gateway.

    verify.py FOLDER KEY [PROOF...]

FOLDER is the journal of a data directory, KEY the verifier key that `ironward journal key` prints, each
PROOF a file that `ironward journal prove` wrote. It prints what it found as one line of JSON, and exits
with 1 when something is wrong.
"""

import base64
import hashlib
import json
import pathlib
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Wrong(Exception):
    """Something is not as the specifications say."""


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry)


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right)


def tree_hash(hashes: list[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, over leaf hashes: split at the largest power of two below the size."""
    if not hashes:
        return sha256(b"")
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return node_hash(tree_hash(hashes[:split]), tree_hash(hashes[split:]))


class Key:
    """A verifier key: NAME+ID+base64(type || public key)."""

    def __init__(self, text: str):
        self.name, key_id, encoded = text.strip().split("+", 2)
        self.id = bytes.fromhex(key_id)
        blob = base64.b64decode(encoded, validate=True)
        if len(blob) != 33 or blob[0] != 1:
            raise Wrong("not an Ed25519 key")
        if sha256(self.name.encode() + b"\n" + blob)[:4] != self.id:
            raise Wrong("the key's id is not that of the key")
        self.public = Ed25519PublicKey.from_public_bytes(blob[1:])

    def check(self, signature: bytes, text: bytes) -> None:
        try:
            self.public.verify(signature, text)
        except InvalidSignature:
            raise Wrong("the signature of the checkpoint does not verify") from None

    def open(self, note: bytes) -> tuple[int, bytes]:
        """The size and the root of a checkpoint that this key has signed."""
        text, separator, signatures = note.rpartition(b"\n\n")
        if not separator or not signatures.endswith(b"\n"):
            raise Wrong("not a signed note")
        text += b"\n"
        good = 0
        for line in signatures.decode().splitlines():
            dash, name, encoded = line.split(" ")
            blob = base64.b64decode(encoded, validate=True)
            if dash != "\u2014":
                raise Wrong("not a signature line")
            if name == self.name and blob[:4] == self.id:
                self.check(blob[4:], text)
                good += 1
        if not good:
            raise Wrong("the checkpoint is not signed by the key")
        origin, size, root = text.decode().split("\n")[:3]
        if origin != self.name or not (size == "0" or size.lstrip("0") == size and size.isdigit()):
            raise Wrong("the checkpoint is another log's, or has no size")
        return int(size), base64.b64decode(root, validate=True)


def path_of(index: int, width: int) -> str:
    groups = [f"{index % 1000:03}"]
    while index >= 1000:
        index //= 1000
        groups.insert(0, f"x{index % 1000:03}")
    return "/".join(groups) + (f".p/{width}" if width < 256 else "")


def entries_of(bundle: bytes) -> list[bytes]:
    entries = []
    while bundle:
        length = int.from_bytes(bundle[:2], "big")
        entry, bundle = bundle[2 : 2 + length], bundle[2 + length :]
        if len(entry) != length:
            raise Wrong("an entry bundle does not end with an entry")
        entries.append(entry)
    return entries


def check_level(folder: pathlib.Path, level: int, hashes: list[bytes]) -> list[bytes]:
    """Every tile of a level has to hold these hashes; the hashes of its full tiles."""
    above = []
    for start in range(0, len(hashes), 256):
        part = hashes[start : start + 256]
        name = f"tile/{level}/{path_of(start // 256, len(part))}"
        if (folder / name).read_bytes() != b"".join(part):
            raise Wrong(f"{name} does not hold the hashes of what is below it")
        if len(part) == 256:
            above.append(tree_hash(part))
    return above


def verify(folder: pathlib.Path, key: Key) -> list[bytes]:
    size, root = key.open((folder / "checkpoint").read_bytes())
    entries: list[bytes] = []
    for start in range(0, size, 256):
        width = min(256, size - start)
        name = f"tile/entries/{path_of(start // 256, width)}"
        found = entries_of((folder / name).read_bytes())
        if len(found) != width:
            raise Wrong(f"{name} holds {len(found)} entries, not {width}")
        entries += found
    hashes = [leaf_hash(entry) for entry in entries]
    if tree_hash(hashes) != root:
        raise Wrong("the root of the entries is not that of the checkpoint")
    level = 0
    while hashes:
        hashes = check_level(folder, level, hashes)
        level += 1
    return entries


def frames_of(tail: bytes) -> list[tuple[int, bytes]]:
    """The kind and the body of each frame; what a crash left half written at the end is left out."""
    frames = []
    while len(tail) >= 3:
        length, kind = int.from_bytes(tail[:2], "big"), tail[2]
        body, tail = tail[3 : 3 + length], tail[3 + length :]
        if len(body) == length:
            frames.append((kind, body))
    return frames


def verify_tails(folder: pathlib.Path, key: Key, entries: list[bytes]) -> int:
    """Appends the records of the tails that are signed; how many are sealed and not signed yet."""
    waiting: list[bytes] = []
    for path in sorted((folder / "tail").iterdir()):
        tail = path.read_bytes()
        if path.name.endswith(".part"):
            continue
        if tail[:16] != b"ironward tail 2\n" or int(path.name) != int.from_bytes(tail[16:24], "big"):
            raise Wrong(f"{path.name} does not begin as a tail does")
        frames = frames_of(tail[32:])
        count = sum(kind == 0 for kind, _ in frames)
        if int(path.name) + count <= len(entries):
            continue
        if int(path.name) != len(entries) + len(waiting):
            raise Wrong(f"records are missing before {path.name}")
        group: list[bytes] = []
        for kind, body in frames:
            if kind == 0:
                group.append(body)
                continue
            size = int.from_bytes(body[:8], "big")
            waiting += group
            group = []
            if size != len(entries) + len(waiting):
                raise Wrong(f"a group of {path.name} does not end where it says")
            if kind == 2:
                root = tree_hash([leaf_hash(entry) for entry in entries + waiting])
                encoded = base64.b64encode(root).decode()
                if root != body[8:40]:
                    raise Wrong(f"records of {path.name} are not those that were signed")
                key.check(body[40:], f"{key.name}\n{size}\n{encoded}\n".encode())
                entries += waiting
                waiting = []
        if int.from_bytes(tail[24:32], "big") > len(entries):
            raise Wrong(f"the end of {path.name} was cut off")
    return len(waiting)


def check_record(entry: bytes) -> dict:
    """A record is canonical JSON: printable ASCII, sorted names, no space, no name twice."""
    record = json.loads(entry)
    written = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    if written.encode() != entry:
        raise Wrong(f"not canonical: {entry!r}")
    if record["v"] != 1 or not {"at", "id", "kind", "node"} <= record.keys():
        raise Wrong(f"not a record of schema 1: {entry!r}")
    return record


def check_proof(text: str, key: Key) -> int:
    """The index of the record that the proof is of (RFC 9162, 2.1.3.2)."""
    head, _, note = text.partition("\n\n")
    first, extra, index_line, *path = head.split("\n")
    if first != "c2sp.org/tlog-proof@v1" or not extra.startswith("extra "):
        raise Wrong("not a proof")
    size, root = key.open(note.encode())
    index = int(index_line.removeprefix("index "))
    fn, sn = index, size - 1
    if index >= size:
        raise Wrong("the proof is of no record of the checkpoint")
    found = leaf_hash(base64.b64decode(extra.removeprefix("extra "), validate=True))
    for line in path:
        other = base64.b64decode(line, validate=True)
        if sn == 0:
            raise Wrong("the proof is too long")
        if fn & 1 or fn == sn:
            found = node_hash(other, found)
            while not fn & 1 and fn:
                fn >>= 1
                sn >>= 1
        else:
            found = node_hash(found, other)
        fn >>= 1
        sn >>= 1
    if sn or found != root:
        raise Wrong("the proof does not lead to the root")
    return index


def main(arguments: list[str]) -> int:
    folder, key = pathlib.Path(arguments[0]), Key(arguments[1])
    try:
        entries = verify(folder, key)
        size = len(entries)
        unsigned = verify_tails(folder, key, entries)
        records = [check_record(entry) for entry in entries]
        proofs = [check_proof(pathlib.Path(name).read_text(), key) for name in arguments[2:]]
    except (Wrong, OSError, ValueError) as error:
        print(json.dumps({"good": False, "reason": str(error)}))
        return 1
    kinds = [record["kind"] for record in records]
    found = {"size": size, "in_tails": len(records) - size, "unsigned": unsigned}
    print(json.dumps({"good": True, **found, "kinds": kinds, "proofs": proofs}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
