use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue};
use ironward_core::Fault;

use super::{Decoder, PIECE};

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn headers(coding: &'static str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
    headers.insert(CONTENT_LENGTH, HeaderValue::from_static("1"));
    headers
}

fn decode(coding: &'static str, body: &[u8], cut: usize) -> Result<Vec<u8>, Fault> {
    let mut headers = headers(coding);
    let mut decoder = Decoder::for_reply(&mut headers)?.unwrap();
    assert!(headers.is_empty());
    let mut text = Vec::new();
    for piece in body.chunks(cut) {
        decoder.feed(Bytes::copy_from_slice(piece));
        while let Some(decoded) = decoder.next()? {
            assert!(decoded.len() <= 3 * PIECE);
            text.extend_from_slice(&decoded);
        }
    }
    if let Some(decoded) = decoder.finish()? {
        text.extend_from_slice(&decoded);
    }
    Ok(text)
}

fn sample() -> Vec<u8> {
    (0..8_000_u32)
        .flat_map(|number| format!("{{\"n\":{}}}", number.wrapping_mul(2_654_435_761)).into_bytes())
        .collect()
}

#[test]
fn any_cut_of_a_body_decodes_to_the_same() {
    let text = sample();
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(&text).unwrap();
    let zlib = zlib.finish().unwrap();
    for cut in [1, 7, 1000, usize::MAX] {
        assert!(decode("gzip", &gzip(&text), cut).unwrap() == text, "{cut}");
        assert!(decode("deflate", &zlib, cut).unwrap() == text, "{cut}");
    }
    let two = [gzip(b"one "), gzip(b"two")].concat();
    assert_eq!(decode("x-gzip", &two, 5).unwrap(), b"one two");
    assert_eq!(decode("gzip", b"", 1).unwrap(), b"");
}

#[test]
fn a_flushed_piece_comes_out_at_once() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(b"data: 1\n\n").unwrap();
    encoder.flush().unwrap();
    let mut decoder = Decoder::for_reply(&mut headers("gzip")).unwrap().unwrap();
    decoder.feed(Bytes::copy_from_slice(encoder.get_ref()));
    assert_eq!(decoder.next().unwrap().unwrap(), "data: 1\n\n");
}

#[test]
fn a_bomb_is_a_fault_long_before_it_is_large() {
    let bomb = gzip(&vec![b'0'; 48 << 20]);
    let mut decoder = Decoder::for_reply(&mut headers("gzip")).unwrap().unwrap();
    decoder.feed(Bytes::from(bomb));
    let mut decoded = 0;
    let fault = loop {
        match decoder.next() {
            Ok(piece) => decoded += piece.unwrap().len(),
            Err(fault) => break fault,
        }
    };
    assert!(decoded < 40 << 20, "{decoded}");
    assert!(fault.message.contains("expands"), "{fault}");
}

#[test]
fn what_is_cut_off_or_damaged_is_a_fault() {
    let text = sample();
    let whole = gzip(&text);
    for length in [5, whole.len() / 2, whole.len() - 1] {
        assert!(decode("gzip", &whole[..length], 512).is_err(), "{length}");
    }
    let mut damaged = whole.clone();
    let last = damaged.len() - 6;
    damaged[last] ^= 1;
    assert!(decode("gzip", &damaged, 512).is_err());
    let trailing = [&whole, &b"more"[..]].concat();
    assert!(decode("gzip", &trailing, 512).is_err());
}

#[test]
fn another_coding_is_refused_by_its_name() {
    for coding in ["br", "zstd", "gzip, br"] {
        let fault = Decoder::for_reply(&mut headers(coding)).err().unwrap();
        assert!(fault.message.contains(coding), "{fault}");
    }
    let mut twice = headers("gzip");
    twice.append(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    assert!(Decoder::for_reply(&mut twice).is_err());
    assert!(
        Decoder::for_reply(&mut headers("identity"))
            .unwrap()
            .is_none()
    );
    assert!(Decoder::for_reply(&mut HeaderMap::new()).unwrap().is_none());
}
