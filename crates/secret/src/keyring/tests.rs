use std::cell::Cell;

use proptest::prelude::*;
use static_assertions::assert_not_impl_any;

use super::{InvalidKeyring, KeyState, Keyring, Mac, OpenError, SealError};
use crate::{DataKey, Place, Purpose, Sealed, Secret};

assert_not_impl_any!(DataKey: Clone, Copy, std::fmt::Debug, std::fmt::Display, PartialEq, AsRef<[u8]>, std::ops::Deref, serde::Serialize);
assert_not_impl_any!(Keyring: Clone, serde::Serialize);
assert_not_impl_any!(Mac: PartialEq);

const PLACE: Place<'static> = Place {
    tenant: "acme",
    table: "credential",
    row: "openai",
    field: "secret",
    version: 7,
};

fn ring(version: u32, byte: u8) -> Keyring {
    Keyring::new(version, DataKey::from_bytes(&[byte; 32]).unwrap()).unwrap()
}

fn salts() -> impl Fn(&mut [u8]) {
    let count = Cell::new(0_u8);
    move |bytes| {
        count.set(count.get() + 1);
        bytes.fill(count.get());
    }
}

fn seal(ring: &Keyring, plaintext: &[u8]) -> Sealed {
    ring.seal(Purpose::Seal, &PLACE, &Secret::exact(plaintext), &salts())
        .unwrap()
}

fn open(ring: &Keyring, sealed: &Sealed) -> Result<Vec<u8>, OpenError> {
    let secret = ring.open(Purpose::Seal, &PLACE, sealed)?;
    Ok(secret.expose().bytes().to_vec())
}

#[test]
fn the_format_is_fixed() {
    // Computed with Python's hmac and hashlib (HKDF) and cryptography's AESGCM.
    let sealed = seal(&ring(3, 0x42), b" sk-canary\n");
    assert_eq!(sealed.to_string(), SEALED);
    assert_eq!(Sealed::parse(SEALED), Ok(sealed.clone()));
    assert_eq!(sealed.key_version(), 3);
    assert_eq!(open(&ring(3, 0x42), &sealed).unwrap(), b" sk-canary\n");
    assert_eq!(sealed.bytes().len(), 1 + 4 + 16 + 11 + 16);
    assert!(!format!("{sealed:?}").contains(SEALED));
    let mac = ring(3, 0x42).mac(Purpose::RowMac, &[b"key", b"a"]);
    assert_eq!(mac.tag, MAC);
}

const SEALED: &str = "AQAAAAMBAQEBAQEBAQEBAQEBAQEBKXlrMYQ-8PODldSatl7nkQQXHL0Qj1vokotW";
const MAC: [u8; 32] = [
    0x57, 0x29, 0x5e, 0x7d, 0x3b, 0x35, 0xd5, 0xe3, 0x63, 0xc8, 0x12, 0x9f, 0x73, 0x38, 0xa2, 0x4d,
    0x80, 0x72, 0x5d, 0xde, 0xe7, 0x47, 0x50, 0xb8, 0x5c, 0x18, 0x36, 0xfb, 0x90, 0xfa, 0x97, 0x2a,
];

#[test]
fn a_value_opens_at_its_place_only() {
    let ring = ring(1, 1);
    let sealed = seal(&ring, b"sk-canary");
    let elsewhere = [
        Place {
            tenant: "acm",
            ..PLACE
        },
        Place {
            table: "credentials",
            ..PLACE
        },
        Place {
            row: "anthropic",
            ..PLACE
        },
        Place {
            field: "secreT",
            ..PLACE
        },
        Place {
            version: 8,
            ..PLACE
        },
        // What moves from one field to its neighbour.
        Place {
            tenant: "acmec",
            table: "redential",
            ..PLACE
        },
        Place {
            row: "openaisecret",
            field: "",
            ..PLACE
        },
    ];
    for place in elsewhere {
        let error = ring.open(Purpose::Seal, &place, &sealed).err();
        assert_eq!(error, Some(OpenError::Refused), "{place:?}");
    }
}

#[test]
fn a_value_opens_for_its_purpose_only() {
    let ring = ring(1, 1);
    for sealed_for in Purpose::ALL {
        let secret = Secret::exact(b"x");
        let sealed = ring.seal(sealed_for, &PLACE, &secret, &salts()).unwrap();
        for opened_for in Purpose::ALL {
            let opens = ring.open(opened_for, &PLACE, &sealed).is_ok();
            assert_eq!(opens, sealed_for == opened_for);
        }
    }
}

#[test]
fn purposes_have_labels_of_their_own() {
    let mut labels = Purpose::ALL.map(Purpose::label).to_vec();
    labels.sort_unstable();
    labels.dedup();
    assert_eq!(labels.len(), Purpose::ALL.len());
    assert!(labels.iter().all(|label| label.starts_with("ironward/v1/")));
}

#[test]
fn a_version_that_is_not_there_is_named() {
    let sealed = seal(&ring(9, 1), b"x");
    let error = open(&ring(8, 1), &sealed).unwrap_err();
    assert_eq!(error, OpenError::UnknownVersion(9));
    assert!(error.to_string().contains("data key 9"));
    let mac = ring(9, 1).mac(Purpose::RowMac, &[b"x"]);
    let error = ring(8, 1).verify(Purpose::RowMac, &[b"x"], &mac);
    assert_eq!(error, Err(OpenError::UnknownVersion(9)));
}

#[test]
fn the_version_cannot_be_relabelled() {
    // Both versions hold the same bytes, so that nothing but the label differs.
    let key = || DataKey::from_bytes(&[1; 32]).unwrap();
    let ring = ring(1, 1).advance(2, key()).unwrap();
    let mut bytes = seal(&ring, b"x").bytes().to_vec();
    assert_eq!(bytes[4], 2);
    bytes[4] = 1;
    let sealed = Sealed::from_bytes(bytes).unwrap();
    assert_eq!(open(&ring, &sealed), Err(OpenError::Refused));
}

#[test]
fn rotation_seals_anew_and_opens_what_is_old() {
    let first = ring(1, 1);
    let (old, mac) = (seal(&first, b"x"), first.mac(Purpose::Census, &[b"x"]));
    let second = first
        .advance(2, DataKey::from_bytes(&[2; 32]).unwrap())
        .unwrap();
    assert_eq!(open(&second, &old).unwrap(), b"x");
    assert_eq!(second.verify(Purpose::Census, &[b"x"], &mac), Ok(()));
    assert_eq!(seal(&second, b"x").key_version(), 2);
    assert_eq!(second.mac(Purpose::Census, &[b"x"]).version, 2);
    let again = second.mac_under(1, Purpose::Census, &[b"x"]).unwrap();
    assert_eq!(again.tag, mac.tag);
    let versions: Vec<_> = second.versions().collect();
    assert_eq!(versions, [(2, KeyState::Current), (1, KeyState::Old)]);
    let third = second.retire(1).unwrap();
    assert_eq!(open(&third, &old), Err(OpenError::UnknownVersion(1)));
}

#[test]
fn versions_only_grow_and_the_current_one_stays() {
    let key = || DataKey::from_bytes(&[2; 32]).unwrap();
    let ring = ring(5, 1).with_old(3, key()).unwrap();
    assert_eq!(
        ring.advance(5, key()).unwrap_err(),
        InvalidKeyring::Version(5)
    );
    assert_eq!(
        ring.advance(4, key()).unwrap_err(),
        InvalidKeyring::Version(4)
    );
    assert_eq!(
        ring.with_old(3, key()).unwrap_err(),
        InvalidKeyring::Version(3)
    );
    assert_eq!(ring.retire(5).unwrap_err(), InvalidKeyring::InUse(5));
    assert_eq!(ring.retire(9).unwrap_err(), InvalidKeyring::Version(9));
    assert_eq!(ring.current_version(), 5);
}

#[test]
fn parts_do_not_run_together() {
    let ring = ring(1, 1);
    let mac = ring.mac(Purpose::RowMac, &[b"ab", b"c"]);
    for parts in [&[&b"a"[..], b"bc"][..], &[b"abc"], &[b"ab", b"c", b""]] {
        let verdict = ring.verify(Purpose::RowMac, parts, &mac);
        assert_eq!(verdict, Err(OpenError::Refused));
    }
    for purpose in Purpose::ALL {
        let verdict = ring.verify(purpose, &[b"ab", b"c"], &mac);
        assert_eq!(verdict.is_ok(), purpose == Purpose::RowMac);
    }
}

#[test]
fn without_randomness_nothing_is_sealed() {
    let secret = Secret::exact(b"x");
    let sealed = ring(1, 1).seal(Purpose::Seal, &PLACE, &secret, &|_| ());
    assert_eq!(sealed.unwrap_err(), SealError);
}

#[test]
fn two_seals_of_one_value_differ() {
    let (ring, fill, secret) = (ring(1, 1), salts(), Secret::exact(b"x"));
    let seal = || ring.seal(Purpose::Seal, &PLACE, &secret, &fill).unwrap();
    assert_ne!(seal().bytes()[21..], seal().bytes()[21..]);
}

#[test]
fn what_is_not_sealed_is_refused_alike() {
    let good = seal(&ring(1, 1), b"").to_string();
    for text in [
        "",
        "AQ",
        "%%%",
        good.get(1..).unwrap(),
        &good.replacen('A', "B", 1),
        &format!("{good}="),
    ] {
        assert!(Sealed::parse(text).is_err(), "{text}");
    }
}

#[test]
fn keys_are_compared_and_have_their_length() {
    let key = |byte| DataKey::from_bytes(&[byte; 32]).unwrap();
    assert!(key(1).is_same(&key(1)) && !key(1).is_same(&key(2)));
    assert!(DataKey::from_bytes(&[0; 31]).is_none() && DataKey::from_bytes(&[0; 33]).is_none());
}

proptest! {
    #[test]
    fn any_flipped_bit_is_refused(plaintext: Vec<u8>, at: prop::sample::Index, bit in 0_u8..8) {
        let ring = ring(1, 1);
        let mut bytes = seal(&ring, &plaintext).bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let opened = Sealed::from_bytes(bytes).map(|sealed| open(&ring, &sealed));
        prop_assert!(matches!(opened, Err(_) | Ok(Err(_))));
    }

    #[test]
    fn a_seal_opens_to_what_it_was(plaintext: Vec<u8>) {
        let ring = ring(1, 1);
        let sealed = Sealed::parse(&seal(&ring, &plaintext).to_string()).unwrap();
        prop_assert_eq!(open(&ring, &sealed).unwrap(), plaintext);
    }

    #[test]
    fn a_changed_mac_is_refused(at in 0_usize..32, bit in 0_u8..8, part: Vec<u8>) {
        let ring = ring(1, 1);
        let mut mac = ring.mac(Purpose::RowMac, &[&part]);
        prop_assert_eq!(ring.verify(Purpose::RowMac, &[&part], &mac), Ok(()));
        mac.tag[at] ^= 1 << bit;
        prop_assert_eq!(ring.verify(Purpose::RowMac, &[&part], &mac), Err(OpenError::Refused));
    }

    #[test]
    fn any_text_can_be_parsed(text: String, bytes: Vec<u8>) {
        let parsed = Sealed::parse(&text).into_iter().chain(Sealed::from_bytes(bytes));
        for sealed in parsed {
            prop_assert!(open(&ring(1, 1), &sealed).is_err());
        }
    }
}
