//! CRC-32C, by which Google's services and their clients notice bytes that changed on the way:
//! <https://cloud.google.com/kms/docs/data-integrity-guidelines>,
//! <https://cloud.google.com/secret-manager/docs/data-integrity>.

use serde::{Deserialize, Serialize, Serializer};

/// The checksum of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written<'_>")]
pub(crate) struct Checksum(u32);

impl Checksum {
    /// Castagnoli's polynomial, reflected. Keys and secrets are short: no table is worth it.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let shift = |crc: u32, _| (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg());
        let crc = bytes
            .iter()
            .fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), shift));
        Self(!crc)
    }
}

/// A 64-bit integer, which JSON of protocol buffers has as text.
impl Serialize for Checksum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Both forms are read, as the same mapping demands.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written<'a> {
    Number(u32),
    Text(&'a str),
}

impl TryFrom<Written<'_>> for Checksum {
    type Error = std::num::ParseIntError;

    fn try_from(written: Written<'_>) -> Result<Self, Self::Error> {
        match written {
            Written::Number(number) => Ok(Self(number)),
            Written::Text(text) => text.parse().map(Self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Checksum;

    #[test]
    fn it_is_that_of_the_standard() {
        // The check value of the catalogue, and RFC 3720, appendix B.4.
        assert_eq!(Checksum::of(b"123456789"), Checksum(0xe306_9283));
        assert_eq!(Checksum::of(&[0; 32]), Checksum(0x8a91_36aa));
        assert_eq!(Checksum::of(&[0xff; 32]), Checksum(0x62a8_ab43));
        assert_eq!(Checksum::of(b""), Checksum(0));
    }

    #[test]
    fn it_is_written_as_text_and_read_in_both_forms() {
        let checksum = Checksum::of(b"123456789");
        assert_eq!(serde_json::to_string(&checksum).unwrap(), "\"3808858755\"");
        for text in ["\"3808858755\"", "3808858755"] {
            let read: Checksum = serde_json::from_str(text).unwrap();
            assert_eq!(read, checksum);
        }
        for text in ["\"\"", "\"x\"", "-1", "4294967296", "null", "1.5"] {
            assert!(serde_json::from_str::<Checksum>(text).is_err(), "{text}");
        }
    }
}
