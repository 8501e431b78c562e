use std::fmt;

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// A client's key in plaintext, between its making and the one time it is shown:
/// `sk-iw-<id><secret><checksum>`.
///
/// | part | characters | alphabet | holds |
/// |---|---|---|---|
/// | id | 16 | Crockford's Base32 in lower case, `0-9a-z` without `i l o u` | 80 bits, public: [`KeyId`] |
/// | secret | 43 | Base62: `0-9A-Za-z`, in this order of value | 256 bits, a number with its highest digit first |
/// | checksum | 6 | Base62 | CRC-32 (IEEE) of everything before it, prefix included |
///
/// The checksum is no protection: it tells a mistyped key, or a word that only looks like one,
/// from a key, without looking anything up. Scanners use it the same way.
pub struct KeyToken(Zeroizing<String>);

/// The public name of a client's key: it stays when the secret is rotated.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId([u8; ID_LENGTH]);

/// What a presented key looks like, found out without any store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyForm {
    /// A key that Ironward may have issued under this id.
    Issued(KeyId),
    /// It begins like a key of ours and is none: cut off, mistyped or made up. Nothing to look up.
    Malformed,
    /// Any other key: chosen by an administrator, imported, or an admin key of the first version.
    Foreign,
}

const ID_LENGTH: usize = 16;
const SECRET_LENGTH: usize = 43;
const CHECKSUM_LENGTH: usize = 6;
const ID_ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl KeyToken {
    /// The prefix of every key that Ironward makes, so that scanners recognise a leaked one.
    /// Never change it.
    pub const PREFIX: &'static str = "sk-iw-";

    /// How long every key is.
    pub const LENGTH: usize = Self::PREFIX.len() + ID_LENGTH + SECRET_LENGTH + CHECKSUM_LENGTH;

    /// Makes a key of an id and 32 random bytes.
    #[must_use]
    pub fn issue(id: KeyId, random: &[u8; 32]) -> Self {
        let mut text = Zeroizing::new(String::with_capacity(Self::LENGTH));
        text.push_str(Self::PREFIX);
        text.extend(id.0.map(char::from));
        let secret = Zeroizing::new(secret_digits(random));
        text.extend(secret.iter().copied().map(char::from));
        let checksum = checksum(text.as_bytes());
        text.extend(checksum.map(char::from));
        Self(text)
    }

    /// The id of a presented key that has the form of a key of ours.
    #[must_use]
    pub fn parse(presented: &[u8]) -> Option<KeyId> {
        if presented.len() != Self::LENGTH {
            return None;
        }
        let (body, given) = presented.split_last_chunk::<CHECKSUM_LENGTH>()?;
        let (id, secret) = body
            .strip_prefix(Self::PREFIX.as_bytes())?
            .split_first_chunk::<ID_LENGTH>()?;
        let is_sound = id.iter().all(|byte| ID_ALPHABET.contains(byte))
            && secret.iter().all(u8::is_ascii_alphanumeric)
            && bool::from(given.ct_eq(&checksum(body)));
        is_sound.then_some(KeyId(*id))
    }

    /// The plaintext, given away with the token: it is shown once.
    #[must_use]
    pub fn reveal_once(self) -> Zeroizing<String> {
        self.0
    }

    /// The plaintext bytes, to hash them.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl KeyForm {
    /// Looks at a presented key.
    ///
    /// Admin keys of the first version (`sk-iw-` and 64 hexadecimal digits) carry no checksum.
    /// They stay good until they are replaced, so they go the way of foreign keys.
    #[must_use]
    pub fn of(presented: &[u8]) -> Self {
        let Some(rest) = presented.strip_prefix(KeyToken::PREFIX.as_bytes()) else {
            return Self::Foreign;
        };
        let is_hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if rest.len() == 64 && rest.iter().all(is_hex) {
            return Self::Foreign;
        }
        KeyToken::parse(presented).map_or(Self::Malformed, Self::Issued)
    }
}

impl KeyId {
    /// An id of 10 random bytes.
    #[must_use]
    pub fn from_random(random: &[u8; 10]) -> Self {
        let mut id = [b'0'; ID_LENGTH];
        // Five bytes are exactly eight digits.
        for (digits, bytes) in id.chunks_exact_mut(8).zip(random.chunks_exact(5)) {
            let mut value = bytes
                .iter()
                .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
            for digit in digits.iter_mut().rev() {
                *digit = digit_of(value % 32, ID_ALPHABET);
                value /= 32;
            }
        }
        Self(id)
    }

    /// Reads an id; `None` when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let id = <[u8; ID_LENGTH]>::try_from(text.as_bytes()).ok()?;
        id.iter()
            .all(|byte| ID_ALPHABET.contains(byte))
            .then_some(Self(id))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // The alphabet is ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The 43 digits of a 256-bit number, by long division.
fn secret_digits(random: &[u8; 32]) -> [u8; SECRET_LENGTH] {
    let mut number = Zeroizing::new(*random);
    let mut digits = [b'0'; SECRET_LENGTH];
    for digit in digits.iter_mut().rev() {
        let mut remainder = 0_u64;
        for byte in number.iter_mut() {
            let value = remainder << 8 | u64::from(*byte);
            // Below 256: the remainder is below 62.
            *byte = u8::try_from(value / 62).unwrap_or_default();
            remainder = value % 62;
        }
        *digit = digit_of(remainder, BASE62);
    }
    digits
}

fn checksum(text: &[u8]) -> [u8; CHECKSUM_LENGTH] {
    let mut value = u64::from(crc32fast::hash(text));
    let mut digits = [b'0'; CHECKSUM_LENGTH];
    for digit in digits.iter_mut().rev() {
        *digit = digit_of(value % 62, BASE62);
        value /= 62;
    }
    digits
}

fn digit_of(value: u64, alphabet: &[u8]) -> u8 {
    let place = usize::try_from(value).unwrap_or_default();
    alphabet.get(place).copied().unwrap_or(b'0')
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

#[cfg(test)]
mod tests;
