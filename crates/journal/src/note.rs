//! Checkpoints, as signed notes: <https://c2sp.org/tlog-checkpoint>, <https://c2sp.org/signed-note>.

use std::fmt;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::edge::Edge;
use crate::hash::{Hash, hash_bytes};

/// The type of Ed25519 signatures.
const ED25519_TYPE: u8 = 1;
/// The largest note that is read.
const LARGEST_NOTE: usize = 64 << 10;

/// What the key of seals is made for: the seed has no other use but signatures.
const SEALS: &[u8] = b"ironward journal: seals of groups\n";

/// Signs checkpoints, and seals groups of records.
pub struct Signer {
    pair: Ed25519KeyPair,
    seals: hmac::Key,
    key: VerifierKey,
}

/// The public half, with the name of the log. As text it is what tools of transparency logs take:
/// `NAME+ID+KEY` (<https://pkg.go.dev/golang.org/x/mod/sumdb/note#NewVerifier>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    public: [u8; 32],
}

/// The head of the tree at some size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the log.
    pub origin: String,
    /// How many records there are.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
}

/// Why a note is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is no checkpoint.
    #[error("not a checkpoint as c2sp.org/tlog-checkpoint describes it")]
    Form,
    /// It was not signed by the key, or was changed since.
    #[error("no valid signature of the journal's key")]
    Signature,
    /// It is another log's.
    #[error("the checkpoint of another journal")]
    Origin,
    /// The text of a verifier key cannot be read.
    #[error("not a verifier key of the form NAME+ID+KEY")]
    Key,
}

impl Signer {
    /// A signer for the log of this name; `None` when the name cannot stand in a note.
    #[must_use]
    pub fn new(name: &str, seed: &[u8; 32]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let public = pair.public_key().as_ref().try_into().ok()?;
        let key = VerifierKey::new(name, public)?;
        let seed = hmac::Key::new(hmac::HMAC_SHA256, seed);
        let mut purpose = SEALS.to_vec();
        purpose.extend_from_slice(name.as_bytes());
        let seals = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&seed, &purpose).as_ref());
        Some(Self { pair, seals, key })
    }

    /// The MAC of a tree: of its size and the hashes that make its root, which costs less than the root.
    pub(crate) fn seal(&self, edge: &Edge) -> [u8; 32] {
        let tag = hmac::sign(&self.seals, &sealed(edge));
        tag.as_ref().try_into().unwrap_or_default()
    }

    /// Whether this is the seal of that tree.
    pub(crate) fn is_seal(&self, edge: &Edge, seal: &[u8; 32]) -> bool {
        hmac::verify(&self.seals, &sealed(edge), seal).is_ok()
    }

    /// What its signatures are verified with.
    #[must_use]
    pub const fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// Signs the head of the tree.
    pub(crate) fn sign(&self, size: u64, root: Hash) -> [u8; 64] {
        let text = text(&self.key.name, size, &root);
        let mut bytes = [0; 64];
        for (to, from) in bytes
            .iter_mut()
            .zip(self.pair.sign(text.as_bytes()).as_ref())
        {
            *to = *from;
        }
        bytes
    }

    /// The whole note.
    pub(crate) fn note(&self, size: u64, root: Hash) -> String {
        let mut signature = self.key.id().to_vec();
        signature.extend_from_slice(&self.sign(size, root));
        format!(
            "{}\n\u{2014} {} {}\n",
            text(&self.key.name, size, &root),
            self.key.name,
            STANDARD.encode(signature)
        )
    }
}

fn sealed(edge: &Edge) -> Vec<u8> {
    let mut bytes = edge.size().to_be_bytes().to_vec();
    bytes.extend_from_slice(edge.subtrees().as_flattened());
    bytes
}

fn text(origin: &str, size: u64, root: &Hash) -> String {
    format!("{origin}\n{size}\n{}\n", STANDARD.encode(root))
}

impl VerifierKey {
    fn new(name: &str, public: [u8; 32]) -> Option<Self> {
        let is_good = !name.is_empty()
            && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+');
        is_good.then(|| Self {
            name: name.to_owned(),
            public,
        })
    }

    /// Reads `NAME+ID+KEY`.
    ///
    /// # Errors
    /// When it is not one of an Ed25519 key.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.trim().splitn(3, '+');
        let (name, id, key) = (parts.next(), parts.next(), parts.next());
        let (Some(name), Some(id), Some(key)) = (name, id, key) else {
            return Err(NoteError::Key);
        };
        let bytes = STANDARD.decode(key).map_err(|_| NoteError::Key)?;
        let Some((&ED25519_TYPE, public)) = bytes.split_first() else {
            return Err(NoteError::Key);
        };
        let public = public.try_into().map_err(|_| NoteError::Key)?;
        let key = Self::new(name, public).ok_or(NoteError::Key)?;
        if key.hex_id() == id {
            Ok(key)
        } else {
            Err(NoteError::Key)
        }
    }

    /// The name of the log.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn id(&self) -> [u8; 4] {
        let mut input = self.name.clone().into_bytes();
        input.extend_from_slice(&[b'\n', ED25519_TYPE]);
        input.extend_from_slice(&self.public);
        let hash = hash_bytes(&input);
        hash.first_chunk().copied().unwrap_or_default()
    }

    fn hex_id(&self) -> String {
        format!("{:08x}", u32::from_be_bytes(self.id()))
    }

    /// Whether this is the key's signature of that head.
    pub(crate) fn is_signed(&self, size: u64, root: &Hash, signature: &[u8; 64]) -> bool {
        let text = text(&self.name, size, root);
        self.verify(text.as_bytes(), signature)
    }

    fn verify(&self, text: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, &self.public);
        key.verify(text, signature).is_ok()
    }

    /// The checkpoint of a note that this key has signed. Signatures of other keys say nothing here.
    ///
    /// # Errors
    /// When it has no form, no valid signature of this key, or is another log's.
    pub fn open(&self, note: &str) -> Result<Checkpoint, NoteError> {
        if note.len() > LARGEST_NOTE || note.contains(|c: char| c != '\n' && c.is_ascii_control()) {
            return Err(NoteError::Form);
        }
        let end = note.rfind("\n\n").ok_or(NoteError::Form)?;
        let (text, signatures) = note.split_at_checked(end + 1).ok_or(NoteError::Form)?;
        let signatures = signatures.strip_prefix('\n').ok_or(NoteError::Form)?;
        if !signatures.ends_with('\n') {
            return Err(NoteError::Form);
        }
        let mut is_signed = false;
        for line in signatures.lines() {
            let signature = self.signature(line)?;
            if let Some(signature) = signature {
                if !self.verify(text.as_bytes(), &signature) {
                    return Err(NoteError::Signature);
                }
                is_signed = true;
            }
        }
        if !is_signed {
            return Err(NoteError::Signature);
        }
        let checkpoint = Checkpoint::parse(text).ok_or(NoteError::Form)?;
        if checkpoint.origin == self.name {
            Ok(checkpoint)
        } else {
            Err(NoteError::Origin)
        }
    }

    /// The signature in a line, where it is said to be this key's.
    fn signature(&self, line: &str) -> Result<Option<Vec<u8>>, NoteError> {
        let line = line.strip_prefix("\u{2014} ").ok_or(NoteError::Form)?;
        let (name, signature) = line.split_once(' ').ok_or(NoteError::Form)?;
        let signature = STANDARD.decode(signature).map_err(|_| NoteError::Form)?;
        let (id, signature) = signature.split_first_chunk::<4>().ok_or(NoteError::Form)?;
        let is_ours = name == self.name && *id == self.id();
        Ok(is_ours.then(|| signature.to_vec()))
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![ED25519_TYPE];
        key.extend_from_slice(&self.public);
        write!(
            f,
            "{}+{}+{}",
            self.name,
            self.hex_id(),
            STANDARD.encode(key)
        )
    }
}

impl Checkpoint {
    /// Reads the text of a note. Lines that extend it are allowed and say nothing.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let origin = lines.next().filter(|origin| !origin.is_empty())?;
        let written = lines.next()?;
        let size: u64 = written.parse().ok()?;
        // No sign, no leading zero.
        if size.to_string() != written {
            return None;
        }
        let root = STANDARD.decode(lines.next()?).ok()?.try_into().ok()?;
        lines.all(|line| !line.is_empty()).then(|| Self {
            origin: origin.to_owned(),
            size,
            root,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{NoteError, STANDARD, Signer, VerifierKey};
    use base64::Engine as _;

    /// The known answer of Go's `golang.org/x/mod/sumdb/note`
    /// (<https://pkg.go.dev/golang.org/x/mod/sumdb/note#example-Open>).
    #[test]
    fn the_key_and_signature_of_go_verify() {
        let key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let key = VerifierKey::parse(key).unwrap();
        assert_eq!(key.hex_id(), "c74f20a3");
        let text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
        let line = "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
        let signature = key.signature(line).unwrap().unwrap();
        assert!(key.verify(text.as_bytes(), &signature));
        let note = format!("{text}\n{line}\n");
        // A good signature, over something that is no checkpoint.
        assert_eq!(key.open(&note), Err(NoteError::Form));
    }

    fn signer() -> Signer {
        Signer::new("ironward/test", &[7; 32]).unwrap()
    }

    #[test]
    fn a_note_is_read_as_it_was_written() {
        let signer = signer();
        let note = signer.note(3, [9; 32]);
        let read = signer.key().open(&note).unwrap();
        assert_eq!((read.size, read.root), (3, [9; 32]));
        let again = VerifierKey::parse(&signer.key().to_string()).unwrap();
        assert_eq!(&again, signer.key());
    }

    #[test]
    fn no_byte_of_a_note_can_be_changed() {
        let signer = signer();
        let note = signer.note(3, [9; 32]).into_bytes();
        for at in 0..note.len() {
            for bit in 0..8 {
                let mut changed = note.clone();
                changed[at] ^= 1 << bit;
                let Ok(text) = String::from_utf8(changed) else {
                    continue;
                };
                assert!(signer.key().open(&text).is_err(), "{text:?}");
            }
        }
    }

    #[test]
    fn other_signatures_are_passed_over() {
        let (ours, other) = (signer(), Signer::new("witness", &[8; 32]).unwrap());
        let note = ours.note(3, [9; 32]);
        let line = other.note(3, [9; 32]);
        let line = line.lines().last().unwrap();
        let both = format!("{note}{line}\n");
        assert!(ours.key().open(&both).is_ok());
        assert_eq!(other.key().open(&note), Err(NoteError::Signature));
        // A signature of the right key over another log's name is not this log's checkpoint.
        let text = super::text("ironward/other", 3, &[9; 32]);
        let mut bytes = ours.key().id().to_vec();
        bytes.extend_from_slice(ours.pair.sign(text.as_bytes()).as_ref());
        let forged = format!(
            "{text}\n\u{2014} ironward/test {}\n",
            STANDARD.encode(bytes)
        );
        assert_eq!(ours.key().open(&forged), Err(NoteError::Origin));
    }

    #[test]
    fn forms_are_strict() {
        for text in ["o\n03\nAA==\n", "o\n+3\n", "\n3\n", "o\n3\nAAAA\n"] {
            assert!(super::Checkpoint::parse(text).is_none(), "{text:?}");
        }
        for key in ["", "a+b", "a+00000000+AQ==", "a b+00000000+AQ=="] {
            assert_eq!(VerifierKey::parse(key), Err(NoteError::Key));
        }
        assert!(Signer::new("a b", &[0; 32]).is_none());
        assert!(Signer::new("a+b", &[0; 32]).is_none());
    }
}
